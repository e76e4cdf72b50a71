import Foundation
import Testing

/// `taskrun top` on a terminal, and without one.
@Suite struct TopTests {
    /// Starts `top` on a terminal that can be typed to, between two looks at the terminal's settings.
    private func start(_ place: Scratch, columns: Int = 80, rows: Int = 24) throws -> Call {
        let line = """
            tty > terminal; stty columns \(columns) rows \(rows); stty -g > before; \
            sh -c 'echo $$ > pid; exec "$0" top' '\(Scratch.binary)'; echo $? > status; stty -g > after
            """
        return try Call(
            ["script", "-qefc", line, "/dev/null"],
            environment: place.environment.merging(["TERM": "xterm"]) { own, _ in own },
            folder: place.folder,
            isTypedTo: true
        )
    }

    private func text(_ name: String, in place: Scratch) throws -> String {
        try String(contentsOf: place.folder.appending(path: name), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Waits until something was drawn after what was drawn before.
    private func shows(_ words: String, _ call: Call, after count: Int = 0) async throws {
        try await eventually("\(words) is shown") {
            try call.outputSoFar().dropFirst(count).contains(words)
        }
    }

    private func expectRestored(_ place: Scratch, _ answer: Answer) throws {
        #expect(answer.output.contains("\u{1b}[?1049h\u{1b}[?25l"))
        #expect(answer.output.hasSuffix("\u{1b}[?25h\u{1b}[?1049l"), "\(answer.output.suffix(60).debugDescription)")
        #expect(try text("before", in: place) == text("after", in: place))
        #expect(try text("status", in: place) == "0")
    }

    @Test("keys pause, cancel and retry, and q gives the terminal back", arguments: Scratch.Database.allCases)
    func keys(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("SLOW", "echo progress=3/10 >> \"$TASKRUN_OUTPUT\"; touch began; exec sleep 600")
            try place.handler("BAD", "echo 'no such mailbox' >&2; exit 65")
            try await place.taskrunOK("add", "BAD", "--queue", "mail")
            _ = try await place.taskrun("once")
            try await place.taskrunOK("add", "SLOW", "--queue", "mail")
            try await place.taskrunOK("add", "LATER", "--queue", "mail")
            let run = try place.start(["once"])
            try await eventually("the handler has begun") { place.has("began") }
            let top = try start(place)
            try await shows("no such mailbox", top)
            try await shows("SLOW", top)
            try await shows("30 %", top)
            var seen = try top.outputSoFar().count
            try top.type("p")
            try await shows("Queue mail is paused until it is resumed.", top, after: seen)
            #expect(try await place.sql("SELECT count(*) FROM task_queues WHERE paused_until IS NOT NULL") == ["1"])
            seen = try top.outputSoFar().count
            try await shows("paused", top, after: seen - 200)
            try await eventually("the pause is seen") { try top.outputSoFar().plain.contains(#/▸ mail +paused/#) }
            seen = try top.outputSoFar().count
            try top.type("p")
            try await shows("Queue mail is resumed.", top, after: seen)
            seen = try top.outputSoFar().count
            try top.type("\t\tc")
            try await shows("Cancel task 2 SLOW? y", top, after: seen)
            seen = try top.outputSoFar().count
            try top.type("y")
            try await shows("Task 2 is running: its run is asked to end it.", top, after: seen)
            _ = try await run.answer()
            seen = try top.outputSoFar().count
            try top.type("\tr")
            try await shows("Task 1 is WAITING again.", top, after: seen)
            #expect(try await place.sql("SELECT status FROM tasks WHERE id = 1") == ["WAITING"])
            try top.type("q")
            try expectRestored(place, try await top.answer())
        }
    }

    @Test("a signal ends it, and the terminal is as it was", arguments: [SIGTERM, SIGINT, SIGHUP])
    func signals(_ signal: Int32) async throws {
        try await Scratch.with { place in
            let top = try start(place)
            try await shows("q quit", top)
            kill(try #require(pid_t(try text("pid", in: place))), signal)
            try expectRestored(place, try await top.answer())
        }
    }

    @Test("it follows the size of the terminal")
    func resize() async throws {
        try await Scratch.with { place in
            try await place.taskrunOK("add", "A")
            let top = try start(place, columns: 20, rows: 6)
            try await shows("Queues", top)
            #expect(try !top.outputSoFar().contains("Tab section  ↑↓ choose"))
            let seen = try top.outputSoFar().count
            let stty = ["stty", "-F", try text("terminal", in: place), "columns", "120", "rows", "40"]
            #expect(try await Call(stty, environment: place.environment, folder: place.folder).answer().status == 0)
            try await shows("Tab section  ↑↓ choose  p pause, resume  c cancel  r retry", top, after: seen)
            try await shows("FAILED tasks", top, after: seen)
            try top.type("q")
            try expectRestored(place, try await top.answer())
        }
    }

    @Test("without a terminal, and with --once, it writes a snapshot and ends")
    func once() async throws {
        try await Scratch.with { place in
            let queue = String(repeating: "long-queue-", count: 10)
            try await place.taskrunOK("add", "A", "--queue", queue)
            let piped = try await place.taskrun("top")
            #expect(piped.status == 0 && !piped.output.contains("\u{1b}") && piped.output.contains(queue), "\(piped)")
            #expect(piped.lines[1].hasPrefix("1 waiting") && piped.lines.contains("Queues"), "\(piped)")
            let shown = try await PseudoTerminal.lines(["top", "--once"], columns: 80, at: place)
            #expect(shown.allSatisfy { $0.count <= 80 } && shown.contains("Queues"), "\(shown)")
            #expect(!shown.joined().contains("\u{1b}[?1049h"))
            let dumb = try await PseudoTerminal.taskrun("top", at: place.setting(["TERM": "dumb"]))
            #expect(dumb.status == 0 && !dumb.output.contains("\u{1b}"))
        }
    }

    @Test("an interval that is none, or out of range, is refused", arguments: ["soon", "0s", "2h"])
    func interval(_ text: String) async throws {
        try await Scratch.with { place in
            let answer = try await place.taskrun("top", "--every", text)
            #expect(answer.status == 64 && answer.errors.contains("from 1s to 1h"), "\(answer)")
        }
    }
}
