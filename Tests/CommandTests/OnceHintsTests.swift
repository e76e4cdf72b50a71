import Foundation
import Testing

/// What `once` says to somebody who wonders why so little happened.
@Suite("Hints of once")
struct OnceHintsTests {
    @Test("once on a terminal that waits for slots says so, and why nothing was started")
    func slots() async throws {
        try await Scratch.with { scratch async throws in
            let place = scratch.setting(["TASKRUN_CONCURRENCY": "1"])
            try place.handler("LONG", "touch begun; until [ -e go ]; do sleep 0.05; done")
            try place.handler("NEXT", "exit 0")
            try await place.taskrunOK("add", "LONG")
            let other = try place.start(["once", "--only", "LONG"])
            try await eventually("the other run is at work") { place.has("begun") }
            try await place.taskrunOK("add", "NEXT")
            let run = try PseudoTerminal.start(["once", "--window", "3s"], at: place)
            let reason = "other runs use the only handler slot (concurrency 1)"
            try await eventually("it says that it waits") {
                try run.outputSoFar().contains("0 done, waiting: \(reason)")
            }
            let shown = try await run.answer().output.plain
            #expect(shown.contains("Nothing started: \(reason) (3"), "\(shown)")
            #expect(!shown.contains("Nothing is due"))
            try place.write("", to: "go")
            #expect(try await other.answer().status == 0)
            let free = try await PseudoTerminal.taskrun("once", at: place).output.plain
            #expect(free.contains("1 task: 1 succeeded") && !free.contains("other runs"), "\(free)")
        }
    }

    @Test("a queue that no task names is told on a terminal, with the nearest", arguments: Scratch.Database.allCases)
    func queue(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('NOPE')")
            let shown = try await PseudoTerminal.taskrun("once", "--queue", "defualt,mail-*,!x", at: place).output.plain
            #expect(shown.contains("No task is in queue \"defualt\". Did you mean \"default\"?"), "\(shown)")
            #expect(!shown.contains("mail-"))
            // Cron mails whatever is said, and a queue may be empty.
            let quiet = try await place.taskrun("once", "--queue", "defualt")
            #expect(quiet.output.isEmpty && quiet.errors.isEmpty)
            #expect(
                !(try await PseudoTerminal.taskrun("once", "--queue", "default", at: place).output.contains("No task"))
            )
        }
    }

    @Test("where tasks wait without a handler, once says that there is no handlers folder")
    func folder() async throws {
        try await Scratch.with { place in
            try await place.taskrunOK("add", "NOPE")
            let path = place.folder.resolvingSymlinksInPath().path
            let said = "There is no folder \(path)/handlers: name yours with --handlers, or create it."
            #expect(try await place.taskrun("once").errors.hasSuffix("a handler of that name.\n\(said)\n"))
            #expect(try await PseudoTerminal.taskrun("once", at: place).output.plain.contains(said))
            try place.write("", to: "handlers/README")
            #expect(!(try await place.taskrun("once").errors.contains("There is no folder")))
        }
    }

    @Test("a reason that does not fit into the line is said to stand in show")
    func reason() async throws {
        try await Scratch.with { place in
            try place.handler(
                "BAD",
                "echo \"$TASKRUN_TASK_ID: the mailbox of john@doe.com has been full since March\" >&2; exit 1"
            )
            for _ in 1...2 { try await place.taskrunOK("add", "BAD") }
            let shown = try await PseudoTerminal.taskrun("once", "--concurrency", "1", at: place).output.plain
            #expect(shown.contains("The full reason: taskrun show 1 (also 2)"), "\(shown)")
            #expect(try await place.taskrun("show", "1").output.contains("full since March"))
            try place.handler("BAD", "echo no >&2; exit 65")
            try await place.sql("UPDATE tasks SET run_at = '2020-01-01 00:00:00'")
            #expect(!(try await PseudoTerminal.taskrun("once", at: place).output.contains("whole reason")))
        }
    }
}
