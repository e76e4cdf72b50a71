import Foundation
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

/// The lines of lock keys while other transactions are in the middle of something.
@Suite("Lines on PostgreSQL")
struct LineTests {
    /// A session of somebody else's, with an open transaction.
    private func other(_ fixture: Fixture, _ statements: String...) throws -> PostgreSQLSession {
        let session = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
        try session.exchange([.begin])
        for sql in statements { try session.exchange([Request(Statement(once: sql))]) }
        return session
    }

    /// Waits until somebody waits for what this session has locked.
    private func someoneWaits(for session: PostgreSQLSession, _ fixture: Fixture) async throws {
        let pid = try session.rows(of: Request(SessionSQL.processNumber)).only.text("pid")
        try await eventually {
            try await fixture.psql(
                "SELECT count(*) FROM pg_stat_activity WHERE \(pid) = ANY (pg_blocking_pids(pid))"
            ) != "0"
        }
    }

    /// What a run holds that has settled a task of the key and is about to lead the line on.
    private static let advisory = """
        SELECT pg_advisory_xact_lock(hashtextextended('k', (SELECT salt FROM task_salt)))
        """
    private static let leadOn = "UPDATE tasks SET lock_place = 0 WHERE id = 2 AND lock_place = 1"

    @Test(
        "to delete or cancel a row does not stand in the way of a run that leads its line on",
        arguments: [true, false]
    )
    func noDeadlock(_ isCancelled: Bool) async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add((0..<3).map { _ in NewTask(name: "A", lockKey: "k") })
            #expect(try await fixture.claim(5).map(\.id) == [1])
            #expect(try await fixture.claim(5).isEmpty)
            let settling = try other(fixture, "DELETE FROM tasks WHERE id = 1", Self.advisory)
            let store = fixture.store
            async let removed =
                isCancelled
                ? store.cancel([.id(2)], retention: ResultRetention(.seconds(60))) == [.cancelled]
                : store.delete([2]) == [2]
            try await someoneWaits(for: settling, fixture)
            try settling.exchange([Request(Statement(once: Self.leadOn)), .commit])
            #expect(try await removed)
            #expect(try await fixture.claim(5).map(\.id) == [3])
        }
    }

    @Test(
        "a task that goes back and is to be cancelled is counted in its batch behind its key, as the command counts it",
        arguments: ["settle", "give way", "give back", "recover"]
    )
    func countedBehindKey(_ way: String) async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add([
                NewTask(name: "A", lockKey: "k", batch: "b"), NewTask(name: "LAST", afterBatch: "b"),
                NewTask(name: "A", dedupeKey: "d"),
            ])
            let tasks = try await fixture.claim(5)
            #expect(tasks.map(\.id) == [1, 3])
            try await fixture.psql("UPDATE tasks SET cancel_requested_at = now() WHERE id = 1")
            if way == "give way" { _ = try await fixture.store.add([NewTask(name: "A", dedupeKey: "d")]) }
            // What the command holds that cancels another task of the key and the batch.
            let command = try other(fixture, Self.advisory)
            let store = fixture.store
            async let results: [SettleResult] = persistently {
                switch way {
                case "give back":
                    let count = try await store.giveBack(owner: "me", except: [tasks[1].proof]).count
                    return Array(repeating: .settled, count: count)
                case "recover":
                    let request = RecoverRequest(isDead: { $0 == "me" })
                    var taken: [SettleResult] = []
                    // Each call waits a second for the key, and passes over what is held for longer.
                    for _ in 1...300 where taken.count < 2 {
                        taken += try await store.recover(request).map { _ in .settled }
                    }
                    return taken
                default:
                    return try await store.settle([
                        Settlement(tasks[0].proof, .release(), lockKey: "k", batch: "b"),
                        Settlement(tasks[1].proof, .release()),
                    ])
                }
            }
            try await someoneWaits(for: command, fixture)
            let count = """
                INSERT INTO task_batches (batch, cancelled) VALUES ('b', 1)
                ON CONFLICT (batch) DO UPDATE SET cancelled = task_batches.cancelled + 1
                """
            try command.exchange([Request(Statement(once: count)), .commit])
            let expected: [SettleResult] =
                switch way {
                case "give way": [.cancelled, .gaveWay]
                case "give back": [.settled]
                case "recover": [.settled, .settled]
                default: [.cancelled, .settled]
                }
            #expect(try await results == expected)
            #expect(try await fixture.psql("SELECT count(*) FROM tasks WHERE id = 1") == "0")
            _ = try await fixture.store.endBatches(after: nil, now: nil)
            #expect(
                try await fixture.psql("SELECT count(*) FROM tasks WHERE after_batch IS NULL AND task_name = 'LAST'")
                    == "1"
            )
        }
    }

    @Test("to cancel a whole line whose first task ends at that moment takes nobody by surprise")
    func wholeLine() async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", lockKey: "k", token: "t")])
            _ = try await fixture.store.add([NewTask(name: "A", lockKey: "k")])
            // The first in line has the greater number.
            try await fixture.psql("UPDATE tasks SET id = 9 WHERE id = 1")
            #expect(try await fixture.claim(5).map(\.id) == [9])
            #expect(try await fixture.claim(5).isEmpty)
            let settling = try other(fixture, "DELETE FROM tasks WHERE id = 9", Self.advisory)
            let store = fixture.store
            async let outcomes = store.cancel([.id(2), .id(9)], retention: ResultRetention(.seconds(60)))
            try await someoneWaits(for: settling, fixture)
            try settling.exchange([Request(Statement(once: Self.leadOn)), .commit])
            // The row of the one that ends is waited for a second; then the wish is left beside it.
            #expect(try await [[.cancelled, .unknown], [.cancelled, .asked]].contains(outcomes))
            #expect(try await fixture.psql("SELECT count(*) FROM tasks") == "0")
        }
    }

    @Test("a claim that meets a key which somebody takes by hand is made again", arguments: [true, false])
    func takenByHand(_ isLimited: Bool) async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", lockKey: "k"), NewTask(name: "A", lockKey: "k")])
            _ = try await fixture.store.add([NewTask(name: "A", priority: 5, lockKey: "free")])
            let limits = isLimited ? [TaskLimit.Subject.name("A")] : []
            if isLimited { try await fixture.store.setLimit(TaskLimit(.name("A"), running: 9)) }
            let byHand = try other(fixture, "UPDATE tasks SET lock_place = 2 WHERE id = 2")
            let store = fixture.store
            async let claimed = persistently {
                isLimited
                    ? try await store.claim(.of(5), within: limits, now: nil).claimed
                    : try await store.claim(.of(5), now: nil)
            }
            try await someoneWaits(for: byHand, fixture)
            try byHand.exchange([.commit])
            #expect(try await claimed.map(\.id) == [2, 3])
        }
    }
}
