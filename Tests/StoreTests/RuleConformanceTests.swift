import Foundation
import TaskRun
import Testing

/// What stands in SQL, because it is decided on one snapshot or for many rows at once, is what the pure rules say.
@Suite("Rules in SQL")
struct RuleConformanceTests {
    /// A row of a group of equal tasks.
    private enum Part: CaseIterable { case none, back, backCancelled, waiting }

    /// All groups of three numbers of which at most one row waits.
    private static let groups: [[Part]] = Part.allCases.flatMap { first in
        Part.allCases.flatMap { second in Part.allCases.map { [first, second, $0] } }
    }.filter { $0.count { $0 == .waiting } <= 1 }

    @Test("of equal tasks the rule says which stays", arguments: StoreUnderTest.allCases, [true, false])
    func equals(_ kind: StoreUnderTest, _ isRecovery: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let moment = Fixture.moment(Fixture.start)
            var (rows, back, expected): ([String], [ClaimProof], [String]) = ([], [], [])
            for (number, group) in Self.groups.enumerated() {
                var equals: [EqualTask] = []
                for (place, part) in group.enumerated() where part != .none {
                    // The numbers of a group are not beside each other.
                    let id = Int64((place + 1) * 1000 + number)
                    let isClaimed = part != .waiting
                    rows.append(
                        "(\(id), 'A', 'k\(number)', '\(isClaimed ? "PROCESSING" : "WAITING")', "
                            + (isClaimed ? "'dead', \(moment)" : "NULL, NULL") + ", 1, "
                            + (part == .backCancelled ? moment : "NULL") + ")"
                    )
                    if isClaimed { back.append(ClaimProof(id: id, number: 1)) }
                    equals.append(EqualTask(id: id, isToBeCancelled: part == .backCancelled))
                }
                if let staying = equals.staying { expected.append("\(staying)|WAITING") }
            }
            try await fixture.sql(
                "INSERT INTO tasks (id, task_name, dedupe_key, status, lease_owner, lease_expires_at, claim_no, "
                    + "cancel_requested_at) \(kind == .sqlite ? "" : "OVERRIDING SYSTEM VALUE ")VALUES "
                    + rows.joined(separator: ", ")
            )
            if isRecovery {
                let request = RecoverRequest(isDead: { $0 == "dead" }, now: Fixture.start)
                #expect(try await fixture.store.recover(request).count == back.count)
            } else {
                let ends = back.shuffled().map { Settlement($0, .retry(after: .zero, error: "x")) }
                let results = try await fixture.store.settle(ends, now: Fixture.start)
                #expect(!results.contains(.leaseLost) && !results.contains(.untouched))
            }
            let left = try await fixture.rows("SELECT id, status FROM tasks ORDER BY id")
            #expect(left == expected.sorted { $0.count == $1.count ? $0 < $1 : $0.count < $1.count })
        }
    }

    @Test("a verdict changes each row as the rule says", arguments: StoreUnderTest.allCases)
    func changes(_ kind: StoreUnderTest) async throws {
        let verdicts: [Verdict] = [
            .retry(after: .seconds(60), error: "r"), .retry(after: .zero, error: "r"), .fail(error: "f"), .release(),
            .release(after: .seconds(30), error: "n"), .release(isAsked: true),
            .release(after: .seconds(30), error: "n", isAsked: true),
        ]
        try await Fixture.with(kind) { fixture in
            let moment = Fixture.moment(Fixture.start.addingTimeInterval(-10))
            var (rows, ends, expected): ([String], [Settlement], [String]) = ([], [], [])
            for verdict in verdicts {
                for attempts in [0, 1, 3] {
                    for crashes in [0, 2] {
                        for postponed in 0...3 {
                            rows.append(
                                "('A', \(moment), 'PROCESSING', 1, \(attempts), \(crashes), \(postponed), 'old')"
                            )
                            ends.append(Settlement(ClaimProof(id: Int64(rows.count), number: 1), verdict))
                            let change = try #require(RowChange(verdict))
                            expected.append(Self.row(change, attempts, crashes, postponed))
                        }
                    }
                }
            }
            try await fixture.sql(
                "INSERT INTO tasks (task_name, run_at, status, claim_no, attempts, crashes, postponed, last_error) "
                    + "VALUES \(rows.joined(separator: ", "))"
            )
            let results = try await fixture.store.settle(ends, now: Fixture.start)
            #expect(results.allSatisfy { $0 == .settled })
            let postponed = try await fixture.rows("SELECT postponed FROM tasks ORDER BY id")
            var found: [String] = []
            for (end, postponed) in zip(ends, postponed) {
                let row = try #require(try await fixture.store.show(end.proof.id))
                let wait = Int(row.runAt.timeIntervalSince(Fixture.start).rounded())
                let rest = "\(row.attempts) \(row.crashes) \(wait) \(row.lastError ?? "")"
                found.append(row.status == .failed ? "FAILED \(rest)" : "WAITING \(rest) \(postponed)")
            }
            #expect(found == expected)
        }
    }

    /// A row after a change: status, attempts, crashes, seconds until it is due, error, releases that were asked for.
    private static func row(_ change: RowChange, _ attempts: Int, _ crashes: Int, _ postponed: Int) -> String {
        let isGivenBack = change.attempt != .counts
        var wait = change.wait.map { Int($0 / .seconds(1)) } ?? -10
        if change.attempt == .givenBackAsAsked, postponed >= 2 {
            wait = max(wait, Int(RowChange.leastWait / .seconds(1)))
        }
        let rest =
            "\(isGivenBack ? max(attempts - 1, 0) : attempts) \(change.isFresh ? 0 : crashes) \(wait) "
            + (change.error ?? "old")
        guard change.status == .waiting else { return "FAILED \(rest)" }
        let asked = change.attempt == .givenBackAsAsked ? postponed + 1 : isGivenBack ? postponed : 0
        return "WAITING \(rest) \(asked)"
    }

    @Test("a batch ends when none of its tasks waits or is performed", arguments: StoreUnderTest.allCases)
    func batches(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let states: [TaskStatus] = [.waiting, .processing, .failed]
            var expected: [String] = []
            for number in 0..<8 {
                let there = states.indices.filter { number >> $0 & 1 == 1 }.map { states[$0] }
                for state in there {
                    try await fixture.add(columns: "status, batch", values: "'\(state.rawValue)', 'b\(number)'")
                }
                try await fixture.add(name: "LAST\(number)", columns: "after_batch", values: "'b\(number)'")
                guard there.allSatisfy({ $0 == .failed }) else { continue }
                let follower = BatchFollower(id: 0, batch: "b\(number)", data: "{}", complete: 0, cancelled: 0)
                expected.append("LAST\(number)|\(follower.data(failed: Int64(there.count)))")
            }
            #expect(try await fixture.store.endBatches(after: nil, now: Fixture.start).due == expected.count)
            let due =
                "SELECT task_name, data FROM tasks WHERE task_name LIKE 'LAST%' AND after_batch IS NULL ORDER BY id"
            #expect(try await fixture.rows(due) == expected)
        }
    }

    @Test("an abandoned row becomes what the rule says", arguments: StoreUnderTest.allCases)
    func takeovers(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let moment = Fixture.moment(Fixture.start.addingTimeInterval(-1))
            let lease = kind == .sqlite ? "2029-12-31 23:59:59.000" : "2029-12-31 23:59:59"
            let seen = kind == .sqlite ? "2030-01-01 00:00:00.000" : "2030-01-01 00:00:00"
            var expected: [Takeover] = []
            for crashes in [0, 3, 4, 7] {
                for isToBeCancelled in [false, true] {
                    for owner in ["dead", "gone", nil] {
                        for hasLease in [true, false] {
                            try await fixture.sql(
                                """
                                INSERT INTO tasks (task_name, created_at, status, claim_no, crashes, lease_owner,
                                    lease_expires_at, cancel_requested_at)
                                VALUES ('A', '2029-01-01', 'PROCESSING', 1, \(crashes),
                                    \(owner.map { "'\($0)'" } ?? "NULL"), \(hasLease ? moment : "NULL"),
                                    \(isToBeCancelled ? moment : "NULL"))
                                """
                            )
                            let row = AbandonedRow(
                                proof: ClaimProof(id: Int64(expected.count + 1), number: 1),
                                name: "A",
                                crashes: Int64(crashes),
                                owner: owner,
                                isOwnerDead: owner == "dead",
                                leaseEnd: hasLease ? lease : nil,
                                isToBeCancelled: isToBeCancelled
                            )
                            expected.append(Takeover(row, crashLimit: 5, seen: seen))
                        }
                    }
                }
            }
            let request = RecoverRequest(isDead: { $0 == "dead" }, now: Fixture.start)
            #expect(try await fixture.store.recover(request).sorted { $0.id < $1.id } == expected.map(\.task))
            let left = expected.filter { !$0.task.isCancelled }
            #expect(
                try await fixture.rows("SELECT id, status, crashes, last_error FROM tasks ORDER BY id")
                    == left.map { "\($0.task.id)|\($0.task.status.rawValue)|\($0.task.crashes)|\($0.error)" }
            )
        }
    }
}
