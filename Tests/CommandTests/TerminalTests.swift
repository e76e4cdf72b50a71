import Foundation
import Testing

@testable import TaskRunCLI

/// What is shown on a terminal, and only there.
@Suite struct TerminalTests {
    @Test("once shows a line per finished task and a summary")
    func lines() async throws {
        try await Scratch.with { scratch async throws in
            // As slow as on a busy machine, where the progress is drawn first.
            try scratch.handler("OK", "echo progress=1/2 >> \"$TASKRUN_OUTPUT\"; sleep 1.2")
            try scratch.handler("AGAIN", "echo 'no answer' >&2; exit 3")
            try scratch.handler("BAD", "echo 'no such mailbox' >&2; exit 65")
            for name in ["OK", "AGAIN", "BAD"] { try await scratch.taskrunOK("add", name) }
            try await scratch.taskrunOK("add", "OK", "--queue", "reports")
            let answer = try await PseudoTerminal.taskrun("once", at: scratch)
            #expect(answer.status == 0)
            #expect(answer.output.contains("\u{1b}[32m✓"))
            let lines = answer.output.lastingLines
            #expect(lines.contains { $0.contains(#/^ +\d+\.\d+ s  ✓ +1  OK/#) })
            #expect(lines.contains { $0.contains(#/↻ +2  AGAIN +again in \d+ s \(attempt 1 of 20\): exit status 3/#) })
            #expect(lines.contains { $0.contains(#/✗ +3  BAD +FAILED: .*no such mailbox/#) })
            #expect(lines.contains { $0.contains(#/✓ +4  OK +in reports/#) })
            #expect(lines.contains { $0.contains(#/^4 tasks: 2 succeeded, 1 to be tried again, 1 FAILED \(/#) })
            #expect(lines.last == "See: taskrun list --status FAILED")
            #expect(try await PseudoTerminal.taskrun("once", at: scratch).output.contains("Nothing is due"))
            try await scratch.taskrunOK("pause", "reports", "--why", "month's end")
            let idle = try await PseudoTerminal.taskrun("once", at: scratch).output
            #expect(idle.contains("Queue reports is paused until it is resumed: month's end"))
        }
    }

    @Test("a handler that reports progress is seen in a line that is removed at the end")
    func progress() async throws {
        try await Scratch.with { scratch async throws in
            let script = """
                echo "progress=3/10" >> "$TASKRUN_OUTPUT"
                while [ ! -e seen ]; do sleep 0.1; done
                """
            try scratch.handler("SLOW", script)
            try await scratch.taskrunOK("add", "SLOW")
            let call = try PseudoTerminal.start(["once"], at: scratch)
            try await eventually("the progress is shown") {
                try call.outputSoFar().contains("0 done, 1 at work: 1 SLOW 3/10")
            }
            try scratch.write("", to: "seen")
            let answer = try await call.answer()
            #expect(answer.output.contains("\r\u{1b}[K"))
            #expect(answer.output.plain.contains(#/\r\u{1b}\[K +\d+\.\d+ s  ✓ +1  SLOW/#))
        }
    }

    @Test("NO_COLOR and TERM=dumb switch colours off", arguments: [["NO_COLOR": "1"], ["TERM": "dumb"]])
    func noColour(_ variables: [String: String]) async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.taskrunOK("add", "CONTACT_EMIAL")
            for command in ["status", "list", "check", "handlers"] {
                #expect(try await PseudoTerminal.taskrun(command, at: scratch).output.contains("\u{1b}["))
                let plain = try await PseudoTerminal.taskrun(command, at: scratch.setting(variables))
                #expect(!plain.output.contains("\u{1b}["))
                #expect(!(try await scratch.taskrun(command).output.contains("\u{1b}[")))
            }
        }
    }

    @Test("on a terminal that cannot draw over a line there is no progress line")
    func dumb() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("OK", "echo progress=1/2 >> \"$TASKRUN_OUTPUT\"; sleep 1.5")
            try await scratch.taskrunOK("add", "OK")
            let shown = try await PseudoTerminal.taskrun("once", at: scratch.setting(["TERM": "dumb"]))
            #expect(!shown.output.contains("\u{1b}"))
            #expect(shown.output.contains("✓"))
        }
    }

    @Test("tables end where the terminal does")
    func width() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql(
                "INSERT INTO tasks (task_name, last_error) VALUES ('日本', '\(String(repeating: "word ", count: 60))')"
            )
            let shown = try await PseudoTerminal.taskrun("list", at: scratch).output.plain
            #expect(shown.split(separator: "\n").allSatisfy { $0.count <= 80 })
            #expect(shown.contains("…"))
        }
    }

    @Test("no line of any table or sentence is wider than the terminal", arguments: [20, 80, 120])
    func narrow(_ columns: Int) async throws {
        try await Scratch.with { scratch async throws in
            let name = String(repeating: "VERY_LONG_NAME_", count: 8)
            let queue = String(repeating: "long-queue-", count: 10)
            try await scratch.sql(
                """
                INSERT INTO tasks (task_name, queue, status, lease_owner, last_error) VALUES
                ('\(name)', '\(queue)', 'WAITING', NULL, NULL),
                ('\(name)', '\(queue)', 'FAILED', NULL, 'an error of many words'),
                ('\(name)', '\(queue)', 'PROCESSING', 'a-host.of-a-very-long-domain.example 7 7 boot 7', NULL),
                ('B', 'default', 'WAITING', NULL, NULL)
                """
            )
            try await scratch.taskrunOK("pause", queue, "--why", "the provider of our mails is down since this morning")
            try await scratch.taskrunOK("limit", queue, "--running", "1")
            _ = try await scratch.taskrun("once")
            let commands = [
                ["list"], ["list", "--why"], ["status"], ["queues"], ["runs"], ["limit"], ["handlers"],
                ["migrate", "--status"], ["why"], ["delete", "--queue", queue, "--dry-run"],
            ]
            for command in commands {
                let lines = try await PseudoTerminal.lines(command, columns: columns, at: scratch)
                #expect(!lines.isEmpty)
                // A command that is to be typed, and a name within a sentence, stay whole, so that they can be copied.
                for line in lines where !line.contains("→") && !line.contains(queue) && !line.contains(name) {
                    #expect(line.displayWidth <= columns, "\(command): \(line)")
                }
            }
        }
    }

    @Test("columns that say nothing are left out on a terminal, and only there")
    func usual() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.taskrunOK("add", "A")
            let shown = try await PseudoTerminal.lines(["list"], columns: 80, at: scratch)
            #expect(shown.first == "id  task name  state    run at, failed")
            let piped = try await scratch.taskrun("list").lines
            #expect(piped[0].split(separator: " ").count == 12 && piped[1].contains("default"), "\(piped)")
        }
    }

    @Test("what a task holds cannot take over the terminal")
    func escapes() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql(
                "INSERT INTO tasks (task_name, queue, data, last_error) VALUES ('A', 'q', '\"\u{9b}2J\"', 'x\u{1b}]0;title\u{7}')"
            )
            for arguments in [["list"], ["status"], ["show", "1"]] {
                let shown = try await PseudoTerminal.run(arguments, at: scratch)
                #expect(!shown.output.contains("\u{1b}]"))
                #expect(!shown.output.contains("\u{9b}"))
            }
        }
    }

    @Test("once --json shows nothing but the object")
    func json() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("OK", "exit 0")
            try await scratch.taskrunOK("add", "OK")
            let shown = try await PseudoTerminal.taskrun("once", "--json", at: scratch)
            #expect(shown.lines.count == 1)
            #expect(shown.output.hasPrefix("{\"claimed\":1,"))
        }
    }
}
