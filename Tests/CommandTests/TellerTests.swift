import TaskRun
import Testing

@testable import TaskRunCLI

/// What is said about a run, decided from its events.
@Suite struct TellerTests {
    private func task(_ id: Int64, name: String = "A", attempt: Int = 1) -> ClaimedTask {
        ClaimedTask(
            proof: ClaimProof(id: id, number: 1),
            name: name,
            queue: "default",
            data: [],
            attempt: attempt,
            maxAttempts: nil,
            timeout: nil,
            crashes: 0
        )
    }

    @Test("each end has its mark and says what comes next")
    func endings() {
        func ending(_ verdict: Verdict?, _ result: SettleResult = .settled) -> Ending {
            Ending(task(1, attempt: 2), verdict, result, maxAttempts: 20)
        }
        #expect(ending(.delete) == ending(nil))
        #expect(ending(.delete).kind == .succeeded)
        #expect(ending(.retry(after: .seconds(15), error: "\n no\nmore")).next == "again in 15 s (attempt 2 of 20): no")
        #expect(ending(.fail(error: "gone")).next == "FAILED: gone")
        #expect(ending(.release()).next == "released")
        #expect(ending(.release(after: .seconds(60), error: "busy")).next == "released, again in 60 s: busy")
        #expect(ending(.delete, .leaseLost).kind == .leaseLost)
    }

    @Test("without a terminal nothing is said of what needs nobody")
    func quiet() {
        var teller = QuietTeller(program: "taskrun")
        let events: [RunEvent] = [
            .began(task(1)), .ended(task(1), .delete, .settled, took: .zero), .stopping,
            .ended(task(2), .retry(after: .zero, error: "x"), .settled, took: .zero),
            .ended(task(3), .release(), .settled, took: .zero), .ended(task(4), .delete, .leaseLost, took: .zero),
            .trouble(StoreError(.locked, subject: "a", cause: "b")),
            .recovered([RecoveredTask(id: 5, name: "A", crashes: 1, status: .waiting)]),
        ]
        for event in events { #expect(teller.lines(for: event, at: .zero).isEmpty) }
        #expect(teller.summary(RunReport(), unknown: []).isEmpty)
    }

    @Test("without a terminal FAILED tasks are told, also those that crashed too often, and handlers that do not end")
    func loud() {
        var teller = QuietTeller(program: "taskrun")
        let crashed = RecoveredTask(id: 7, name: "B", crashes: 5, status: .failed)
        #expect(
            teller.lines(for: .recovered([crashed]), at: .zero) == [
                "Task 7 B is FAILED: 5 runs in a row died while they held this task. See: taskrun show 7"
            ]
        )
        let deaf = teller.lines(for: .abandoned([task(8), task(9, name: "C")]), at: .zero)
        #expect(deaf == ["These handlers did not end when they were cancelled. They end with this process: 8 A, 9 C"])
    }

    @Test("without a terminal lost leases are told in one line, with what usually causes them")
    func leaseLost() {
        let teller = QuietTeller(program: "taskrun")
        let causes =
            "Usual causes: the machine was asleep, its clock jumped, "
            + "or the database was away for longer than the lease (setting lease)."
        var report = RunReport()
        report.leaseLost = 1
        let one = "it lost its lease while it was being performed, and another run takes it over"
        #expect(teller.summary(report, unknown: []) == ["1 task may be performed twice: \(one). \(causes)"])
        report.leaseLost = 2
        let two = "they lost their leases while they were being performed, and another run takes them over"
        #expect(teller.summary(report, unknown: []) == ["2 tasks may be performed twice: \(two). \(causes)"])
    }

    @Test("the JSON object has all its keys where the WAITING tasks could not be counted, and says why")
    func uncounted() {
        var report = RunReport()
        report.claimed = 2
        report.succeeded = 2
        report.trouble = StoreError(.unreachable, subject: "cannot count tasks", cause: "no answer")
        #expect(
            report.json(waiting: nil).line
                == #"{"claimed":2,"succeeded":2,"retried":0,"failed":0,"released":0,"recovered":0,"lease_lost":0,"#
                + #""waiting":null,"skipped":0,"cancelled":0,"gave_way":0,"expired":0,"seconds":0.0,"trouble":"cannot count tasks: no answer."}"#
        )
    }

    @Test("many unknown names are cut to twenty")
    func unknown() {
        let names = (1...25).map { UnknownName(name: "N\($0)", count: nil, nearest: nil) }
        let sentences = UnknownName.sentences(names)
        #expect(sentences.count == 21)
        #expect(sentences.first == "Tasks named \"N1\" wait, but no host has a handler of that name.")
        #expect(sentences.last == "5 more names have no handler.")
    }

    @Test("the progress line is empty at first and while nothing is at work")
    func progress() throws {
        let terminal = Terminal(isTerminal: true, width: 80, hasColour: false)
        var teller = TerminalTeller(program: "taskrun", terminal: terminal, slots: 2) { _ in 20 }
        _ = teller.lines(for: .began(task(1)), at: .zero)
        #expect(teller.progress(at: .milliseconds(500)).isEmpty)
        #expect(teller.progress(at: .seconds(75)) == "0 done, 1 at work: 1 A 75 s")
        let steps = try #require(TaskContext.Progress(done: 3, total: 10))
        _ = teller.lines(for: .progress(task(1), steps, note: "page\u{1b}"), at: .seconds(2))
        #expect(teller.progress(at: .seconds(2)) == "0 done, 1 at work: 1 A 3/10 page\u{FFFD} 2 s")
        let lines = teller.lines(for: .ended(task(1), .delete, .settled, took: .seconds(2)), at: .seconds(2))
        #expect(lines == ["   2.00 s  ✓    1  A           "])
        #expect(teller.progress(at: .seconds(3)).isEmpty)
    }

    @Test(
        "of a long error the line that says most is told",
        arguments: [
            ("exit status 3: no such mailbox\nsecond line", "exit status 3: no such mailbox"),
            (
                "exit status 1: Traceback (most recent call last):\n  File \"a.py\"\nKeyError: 'email'\n(attempt 2 of 2, none left)",
                "exit status 1: … KeyError: 'email'"
            ),
            ("\n  \n", ""),
        ]
    )
    func gist(_ error: String, _ expected: String) {
        #expect(error.gist == expected)
    }

    @Test("a database error has its exit code")
    func exitCodes() {
        let codes: [(StoreError.Code, Int32)] = [
            (.unreachable, 69), (.unavailable, 75), (.locked, 75), (.full, 75), (.schema, 78), (.database, 78),
            (.refused, 65),
            (.other, 70),
        ]
        for (code, status) in codes { #expect(ExitStatus(code).rawValue == status) }
    }
}
