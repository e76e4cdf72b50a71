import Foundation
import TaskRun
import Testing

@testable import TaskRunCLI

/// What `top` draws, and what its keys do: without a database or a terminal.
@Suite struct TopViewTests {
    private static let now = Date(timeIntervalSince1970: 1_900_000_000)

    private static func task(_ id: Int64, _ status: TaskStatus, progress: Int64? = nil) -> TaskRow {
        TaskRow(
            id: id,
            name: "IMPORT_OF_A_FILE_WITH_A_VERY_LONG_NAME_\(id)",
            createdAt: now,
            data: "",
            status: status,
            queue: "a-queue-with-a-rather-long-name",
            priority: 0,
            runAt: now.addingTimeInterval(-240),
            attempts: 1,
            maxAttempts: nil,
            timeoutSeconds: nil,
            leaseOwner: status == .processing ? "a-host.example 12 7 boot 7" : nil,
            leaseExpiresAt: nil,
            claimNumber: 1,
            crashes: 0,
            lastError: status == .failed ? "exit status 1: the provider answered with an error of many words" : nil,
            progressDone: progress,
            progressTotal: progress == nil ? nil : 10,
            failedAt: status == .failed ? now.addingTimeInterval(-60) : nil
        )
    }

    private static func snapshot(queues: Int = 7, tasks: Int = 30, failed: Int = 5, progress: Int64 = 3) -> TopSnapshot
    {
        let lines = (0..<queues).map { number in
            TableSummary.Line(
                queue: "queue-\(number)",
                name: "A",
                status: .waiting,
                count: 1_234_567,
                due: 12,
                oldestDue: now.addingTimeInterval(-90),
                isPartial: true
            )
        }
        let record = RunRecord(
            run: "r",
            origin: "o",
            host: "a-host.example",
            pid: 12,
            user: "u",
            command: "taskrun once",
            version: "1",
            names: ["A"],
            slots: 4
        )
        let run = RunRow(
            id: 1,
            record: record,
            beganAt: now.addingTimeInterval(-120),
            seenAt: now,
            counts: RunCounts(claimed: 60, succeeded: 50, failed: 1)
        )
        return TopSnapshot(
            TableSummary(lines: lines, holders: [], paused: []),
            RunList(now: now, rows: [run]),
            tasks: (0..<tasks).map { task(Int64($0) + 1, .processing, progress: progress) },
            failed: (0..<failed).map { task(Int64($0) + 100, .failed) },
            life: { _ in .alive }
        )
    }

    @Test(
        "the picture fits the terminal, whatever its size",
        arguments: [(80, 24), (120, 40), (20, 24), (20, 5), (40, 10), (200, 100), (1, 1), (79, 16)]
    )
    func fits(_ columns: Int, _ rows: Int) {
        for snapshot in [Self.snapshot(), Self.snapshot(queues: 0, tasks: 0, failed: 0)] {
            let lines = TopView(snapshot, location: "sqlite:tasks.db")
                .lines(TopState(), columns: columns, rows: rows, hasColour: false)
            #expect(lines.count <= rows)
            for line in lines { #expect(line.displayWidth <= columns, "\(line)") }
        }
    }

    @Test("at 80 × 24 each section has some of its rows, and says how many there are")
    func sections() {
        let lines = TopView(Self.snapshot(), location: "sqlite:tasks.db")
            .lines(TopState(), columns: 80, rows: 24, hasColour: false)
        let text = lines.joined(separator: "\n")
        #expect(lines[0].hasPrefix("sqlite:tasks.db  2030-03-17"), "\(text)")
        #expect(text.contains("\nQueues 1 to ") && text.contains(" of 7\n"), "\(text)")
        #expect(text.contains("\nRuns\n"), "\(text)")
        #expect(text.contains(#/\n  running +12 on a-host.example +4 +50 +1 +25 +now\n/#), "\(text)")
        #expect(text.contains("\nRunning tasks 1 to ") && text.contains("  30 %  3/10"), "\(text)")
        #expect(text.contains("\nFAILED tasks, the newest first"), "\(text)")
        #expect(text.contains("▸ queue-0 "), "\(text)")
        #expect(lines.last == TopView.keys)
    }

    @Test("a low terminal shows the section that keys are for")
    func low() {
        var state = TopState()
        _ = state.press(.tab, on: Self.snapshot())
        _ = state.press(.tab, on: Self.snapshot())
        let lines = TopView(Self.snapshot(), location: "sqlite:tasks.db")
            .lines(state, columns: 80, rows: 9, hasColour: false)
        let text = lines.joined(separator: "\n")
        #expect(text.contains("Running tasks") && !text.contains("Queues"), "\(text)")
        #expect(lines.contains { $0.hasPrefix("▸ ") })
    }

    @Test("the chosen row is always in the picture")
    func scrolled() {
        let snapshot = Self.snapshot()
        var state = TopState()
        _ = state.press(.backTab, on: snapshot)
        _ = state.press(.backTab, on: snapshot)
        for _ in 0..<25 { _ = state.press(.down, on: snapshot) }
        #expect(state.section == .tasks && state.row(of: .tasks, in: snapshot) == 25)
        let lines = TopView(snapshot, location: "x").lines(state, columns: 120, rows: 30, hasColour: false)
        #expect(lines.contains { $0.contains(#/^▸ 26 +IMPORT/#) }, "\(lines)")
        for _ in 0..<40 { _ = state.press(.down, on: snapshot) }
        #expect(state.row(of: .tasks, in: snapshot) == 29)
        // What is gone is chosen no more.
        #expect(state.row(of: .tasks, in: Self.snapshot(tasks: 3)) == 0)
    }

    @Test("keys act on what is chosen, and a cancellation asks first")
    func actions() {
        let snapshot = Self.snapshot()
        var state = TopState()
        #expect(state.press(.letter("p"), on: snapshot) == .act(.pause("queue-0")))
        #expect(state.press(.letter("c"), on: snapshot) == .stay && state.message.hasPrefix("c cancels"))
        _ = state.press(.tab, on: snapshot)
        _ = state.press(.tab, on: snapshot)
        _ = state.press(.letter("j"), on: snapshot)
        #expect(state.press(.letter("c"), on: snapshot) == .stay)
        #expect(state.asked == .cancel(2) && state.message.hasPrefix("Cancel task 2 "))
        #expect(state.press(.letter("q"), on: snapshot) == .stay && state.message == "Nothing was done.")
        _ = state.press(.letter("c"), on: snapshot)
        #expect(state.press(.letter("y"), on: snapshot) == .act(.cancel(2)) && state.asked == nil)
        _ = state.press(.tab, on: snapshot)
        #expect(state.press(.letter("r"), on: snapshot) == .act(.retry(100)))
        #expect(state.press(.letter(" "), on: snapshot) == .look)
        #expect(state.press(.letter("q"), on: snapshot) == .quit)
        let empty = Self.snapshot(queues: 0, tasks: 0, failed: 0)
        for key in ["p", "c", "r", "j", "k"] { #expect(state.press(.letter(Character(key)), on: empty) == .stay) }
    }

    @Test("keys are read from what a terminal sends")
    func keys() {
        let bytes = Array("j\u{1b}[A\u{1b}OB\t\u{1b}[Z\u{1b}[1;5C\u{1b}q".utf8)
        #expect(TopState.keys(in: bytes) == [.letter("j"), .up, .down, .tab, .backTab, .letter("q")])
        #expect(TopState.keys(in: []) == [] && TopState.keys(in: [0x1b]) == [])
    }

    @Test("rows are shared out by need")
    func shares() {
        #expect(TopView.shares(of: 12, for: [7, 1, 30, 5]) == [4, 1, 4, 3])
        #expect(TopView.shares(of: 50, for: [7, 1, 30, 5]) == [7, 1, 30, 5])
        #expect(TopView.shares(of: 2, for: [7, 1, 30]) == [1, 1, 0])
        #expect(TopView.shares(of: 0, for: [1]) == [0])
    }

    @Test("how fast a handler goes on is known from the second report on")
    func rates() {
        var rates = TopRates()
        rates.note(Self.snapshot(tasks: 1, progress: 3))
        #expect(rates.perSecond(of: 1) == nil)
        let later = Self.snapshot(tasks: 1, progress: 5)
        rates.note(TopSnapshot(later, at: Self.now.addingTimeInterval(4)))
        #expect(rates.perSecond(of: 1) == 0.5)
        rates.note(TopSnapshot(later, at: Self.now.addingTimeInterval(9)))
        #expect(rates.perSecond(of: 1) == 0.5)
    }
}

extension TopSnapshot {
    /// The same at another moment.
    fileprivate init(_ other: TopSnapshot, at moment: Date) {
        self.init(
            other.summary,
            RunList(now: moment, rows: other.runs.map(\.row)),
            tasks: other.tasks,
            failed: other.failed,
            life: { _ in .alive }
        )
    }
}
