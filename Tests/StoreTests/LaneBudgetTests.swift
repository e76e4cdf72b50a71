import Foundation
import TaskRun
import Testing

@Suite("More lanes than one look goes along")
struct LaneBudgetTests {
    /// As many rows for a far day, each in a lane of its own.
    private func addFuture(
        _ count: Int,
        to fixture: Fixture,
        lane: String = "'q' || n, 0",
        column: String = "token"
    ) async throws {
        let numbers =
            switch fixture.kind {
            case .sqlite:
                "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < \(count)) SELECT n FROM s)"
            case .postgresql: "(SELECT n FROM generate_series(1, \(count)) AS n)"
            }
        try await fixture.sql(
            """
            INSERT INTO tasks (task_name, queue, priority, run_at, \(column))
            SELECT 'A', \(lane), '2999-01-01', 'k' || n FROM \(numbers) AS s
            """
        )
    }

    /// Claims until everything was seen; what came, and how often it was asked.
    private func claimAll(
        _ fixture: Fixture,
        queues: QueueFilter? = nil,
        within limits: [TaskLimit.Subject] = []
    ) async throws -> (ids: [Int64], calls: Int) {
        let share = ClaimRequest.Share.usual(limit: 10, crashed: 0)
        let request = ClaimRequest(owner: "me", names: ["A", "B"], queues: queues, share: share)
        var (ids, calls): ([Int64], Int) = ([], 0)
        while calls < 1000 {
            let exchange =
                limits.isEmpty
                ? try await fixture.store.settle([], thenClaim: request, now: Fixture.start)
                : try await fixture.store.claim(request, within: limits, now: Fixture.start)
            calls += 1
            ids += exchange.claimed.map(\.id)
            if exchange.claimed.isEmpty, !exchange.isPartial { break }
        }
        return (ids, calls)
    }

    @Test(
        "what is due is served wherever it stands, in a few steps, and the end of the look is told",
        arguments: StoreUnderTest.allCases,
        ["'q' || n, 0", "'default', n"]
    )
    func served(_ kind: StoreUnderTest, _ lane: String) async throws {
        try await Fixture.with(kind) { fixture in
            try await addFuture(130_000, to: fixture, lane: lane)
            #expect(try await claimAll(fixture).ids.isEmpty)
            let places = [
                ("A", "aaa", -5), ("A", "zzz", 5), ("A", "q65000", 7), ("A", "default", 65_001), ("B", "x", 0),
            ]
            for (name, queue, priority) in places {
                try await fixture.add(name: name, columns: "queue, priority", values: "'\(queue)', \(priority)")
            }
            try await fixture.add(15, name: "A", columns: "queue", values: "'q9'")
            let (ids, calls) = try await claimAll(fixture)
            #expect(ids.sorted() == Array(130_001...130_020), "\(ids)")
            #expect(calls < 60, "\(calls)")
            try await fixture.add(2, name: "A", columns: "queue, priority", values: "'zz', 9")
            let named = try await claimAll(fixture, queues: ["default", "zz"])
            #expect(named.ids.sorted() == [130_021, 130_022])
            try await fixture.sql("INSERT INTO task_limits (kind, name, max_running) VALUES ('name', 'A', 1000)")
            try await fixture.add(2, name: "A", columns: "queue, priority", values: "'zz', 9")
            #expect(try await claimAll(fixture, within: [.name("A")]).ids.sorted() == [130_023, 130_024])
            // A run that looks whether there is anything to do does not say that there is nothing.
            try await fixture.add(1, name: "A", columns: "queue", values: "'zz'")
            #expect(try await fixture.store.look(names: ["A", "B"], queues: nil).isDue)
        }
    }

    @Test("rows with lock keys are served as well", arguments: StoreUnderTest.allCases)
    func keyed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await addFuture(kind == .sqlite ? 120_000 : 25_000, to: fixture, column: "lock_key")
            try await fixture.add(3, columns: "queue, lock_key", values: "'zzz', 'one'")
            try await fixture.add(1, columns: "queue, lock_key", values: "'q2000', 'two'")
            let before = try #require(try await fixture.value("SELECT max(id) FROM tasks").flatMap { Int64($0) })
            let (ids, calls) = try await claimAll(fixture)
            #expect(ids.sorted() == [before - 3, before], "\(ids)")
            #expect(calls < 60, "\(calls)")
        }
    }
}
