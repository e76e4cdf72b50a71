import Testing

@testable import TaskRun

/// What the end of a claim changes in the row, and what follows from it for other rows.
@Suite("Sequels")
struct SequelTests {
    private static let verdicts: [Verdict] = [
        .delete, .cancel, .fail(error: "f"), .retry(after: .seconds(60), error: "r"), .release(),
        .release(after: .seconds(30), error: "n", isAsked: true),
    ]

    private func settlement(
        _ id: Int64,
        _ verdict: Verdict,
        letsPass: Bool = false,
        batch: String? = nil,
        followUps: [NewTask] = []
    ) -> Settlement {
        Settlement(
            ClaimProof(id: id, number: 1),
            verdict,
            lockKey: "k",
            letsPass: letsPass,
            batch: batch,
            followUps: followUps
        )
    }

    @Test("a verdict changes the row, or deletes it")
    func change() {
        func change(_ verdict: Verdict) -> [String]? {
            RowChange(verdict).map {
                [
                    $0.status.rawValue, "\($0.attempt)", $0.wait.map { "\($0)" } ?? "-", $0.error ?? "-",
                    $0.isFresh ? "fresh" : "",
                ]
            }
        }
        #expect(
            Self.verdicts.map(change) == [
                nil, nil, ["FAILED", "counts", "-", "f", ""], ["WAITING", "counts", "60.0 seconds", "r", "fresh"],
                ["WAITING", "givenBack", "-", "-", ""], ["WAITING", "givenBackAsAsked", "30.0 seconds", "n", ""],
            ]
        )
        #expect(RowChange(.retry(after: .seconds(-1), error: ""))?.wait == .zero)
        #expect(RowChange(.retry(after: .seconds(Int64.max), error: ""))?.wait == .seconds(366 * 86400))
        #expect(RowChange(.release(after: .seconds(-1)))?.wait == nil)
        #expect(RowChange(.release(after: .seconds(Int64.max)))?.wait == .seconds(366 * 86400))
        #expect(RowChange(.fail(error: String(repeating: "x", count: 20_000)))?.error?.utf8.count == LastError.limit)
    }

    @Test("a row that stays keeps its lock key if it is to wait and lets no other one pass")
    func keys() {
        let all = Self.verdicts.map { settlement(1, $0) }
        #expect(all.map(\.isDeletion) == [true, true, false, false, false, false])
        #expect(all.map(\.becomesWaiting) == [false, false, false, true, true, true])
        #expect(all.map(\.freesKey) == [false, false, true, false, false, false])
        let passing = Self.verdicts.map { settlement(1, $0, letsPass: true) }
        #expect(passing.map(\.freesKey) == [false, false, true, true, true, true])
        #expect(!Settlement(ClaimProof(id: 1, number: 1), .fail(error: "")).freesKey)
    }

    @Test("a task has a result for what the statements changed")
    func results() {
        let rows = SettledRows(written: [1, 2], gaveWay: [3], cancelled: [2])
        let results = rows.results(of: (1...4).map { settlement($0, .release()) })
        #expect(results == [.settled, .cancelled, .gaveWay, .leaseLost])
        #expect(results.map(\.isWritten) == [true, true, true, false] && !SettleResult.untouched.isWritten)
        #expect(results.map(\.isReleased) == [true, true, false, false])
    }

    @Test("ends count in their batches, and only finished tasks have follow-ups")
    func ends() {
        let all: [(Verdict, SettleResult, String?)] = [
            (.delete, .settled, "a"), (.delete, .settled, "a"), (.cancel, .settled, "a"), (.delete, .leaseLost, "b"),
            (.delete, .untouched, "b"), (.fail(error: ""), .settled, "c"), (.release(), .cancelled, "d"),
            (.release(), .gaveWay, "e"), (.delete, .settled, nil), (.delete, .settled, "\u{e9}"),
            (.cancel, .settled, "e\u{301}"),
        ]
        let settlements = all.enumerated().map { index, end in
            settlement(Int64(index), end.0, batch: end.2, followUps: [NewTask(name: "F\(index)")])
        }
        let sequel = Sequel(settlements, all.map(\.1), removed: ["a", "r"])
        #expect(sequel.followUps.map(\.name) == ["F0", "F1", "F8", "F9"])
        let counts = sequel.batches.counts
        // Texts that are equal to Swift, but not to a database, are two batches.
        #expect(counts.map { Array($0.batch.unicodeScalars).count } == [1, 1, 1, 1, 1, 2, 1])
        #expect(counts.map(\.complete) == [2, 0, 0, 0, 1, 0, 0])
        #expect(counts.map(\.cancelled) == [1, 0, 0, 0, 0, 1, 0])
        #expect(counts.map(\.isAny) == [true, false, false, false, true, true, false])
        #expect(BatchCounts(batches: ["x", "y", "x"]).counts.map(\.batch) == ["x", "y"])
    }

    @Test("the search for ended batches goes on after a full page, and never begins earlier")
    func pages() {
        let page = (0..<EndedBatches.most).map { "\($0 + 1000)" }
        #expect(EndedBatches.last(of: page, after: nil) == "1999")
        #expect(EndedBatches.last(of: page, after: "1500") == "1999")
        #expect(EndedBatches.last(of: page, after: "2") == nil)
        #expect(EndedBatches.last(of: Array(page.dropLast()), after: nil) == nil)
    }

    @Test("of equal tasks the newest stays that is not to be cancelled")
    func equals() {
        func staying(_ ids: Int64...) -> Int64? {
            // Negative numbers are to be cancelled.
            ids.map { EqualTask(id: abs($0), isToBeCancelled: $0 < 0) }.staying
        }
        #expect(staying(1, 2) == 2 && staying(2, 1) == 2 && staying(1, -2) == 1 && staying(-1, 2) == 2)
        #expect(staying(-1, -2) == nil && staying() == nil && staying(3, -4, 2, -1) == 3)
        #expect([2, 3, 1].newestFirst { $0 } == [3, 2, 1])
    }

    @Test("a task whose end could not be written is deleted if it is done, else FAILED")
    func stuck() {
        func verdict(isDone: Bool) -> Verdict {
            let proof = ClaimProof(id: 1, number: 2)
            let task = StuckTask(proof, isDone: isDone, error: "e", isThere: true, lockKey: "k", batch: "b")
            return task.settlement.verdict
        }
        #expect(verdict(isDone: true) == .delete && verdict(isDone: false) == .fail(error: "e"))
    }

    @Test("a task with a token that has ended leaves a line; only one that succeeded leaves its result")
    func lines() {
        func line(_ verdict: Verdict, _ result: [UInt8] = Array("r".utf8)) -> String? {
            let proof = ClaimProof(id: 1, number: 1)
            let line = ResultLine(Settlement(proof, verdict, record: ResultRecord(result: result)))
            return line.map { "\($0.state.rawValue) \($0.text ?? "-") \($0.bytes ?? []) \($0.error ?? "-")" }
        }
        #expect(
            Self.verdicts.map { line($0) } == [
                "COMPLETE r [] -", "CANCELLED - [] -", "FAILED - [] f", nil, nil, nil,
            ]
        )
        #expect(line(.delete, [0, 255]) == "COMPLETE - [0, 255] -")
        #expect(ResultLine(settlement(1, .delete)) == nil)
    }
}
