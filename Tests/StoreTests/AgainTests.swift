import Foundation
import Synchronization
import TaskRun
import Testing

/// What was passed over, or changed by hand, is seen by the run that is there, not only by the next one.
@Suite("A run looks again")
struct AgainTests {
    @Test("where the first of a line is deleted by hand while it stays", arguments: StoreUnderTest.allCases)
    func deletedLeader(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let (handler, stop) = (ClosureHandler(), StopSignal())
            _ = try await fixture.store.add(["NOBODY", "A"].map { NewTask(name: $0, lockKey: "k") })
            // The second one is known to stand behind the first, which is for another host.
            try await fixture.sql("UPDATE tasks SET lock_place = 1 WHERE id = 2")
            async let report = fixture.makeRun([handler], stop: stop, turn: TestTurn()).run()
            try await fixture.due()
            try await eventually("the run does not stay") { handler.ids.contains(3) }
            try await fixture.sql("DELETE FROM tasks WHERE id = 1")
            try await eventually("nobody leads the line on") { handler.ids == [2, 3] }
            stop.request()
            #expect(try await report.succeeded == 2)
        }
    }

    @Test(
        "where the last of a batch is deleted by hand, or expires, while it stays",
        arguments: StoreUnderTest.allCases,
        [false, true]
    )
    func endedBatch(_ kind: StoreUnderTest, _ expires: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let (handler, last, stop) = (ClosureHandler(), ClosureHandler("LAST"), StopSignal())
            _ = try await fixture.store.add([
                NewTask(name: "B", delay: .seconds(3600), batch: "b"), NewTask(name: "LAST", afterBatch: "b"),
            ])
            async let report = fixture.makeRun([handler, last], stop: stop, turn: TestTurn()).run()
            try await fixture.due()
            try await eventually("the run does not stay") { handler.ids == [3] }
            try await fixture.sql(
                expires ? "UPDATE tasks SET expires_at = created_at WHERE id = 1" : "DELETE FROM tasks WHERE id = 1"
            )
            try await eventually("the follower waits") { last.ids == [2] }
            stop.request()
            #expect(try await report.succeeded == 2)
        }
    }

    @Test("where other transactions have all due rows locked when it looks: it ends when nothing is due")
    func lockedRows() async throws {
        try await Fixture.with(.postgresql) { fixture in
            _ = try await fixture.store.add((1...60).map { NewTask(name: "A", lockKey: "key \($0)") })
            let handler = ClosureHandler()
            let holder = try await hold("SELECT FROM tasks FOR NO KEY UPDATE", for: .seconds(2), in: fixture)
            let report = try await fixture.makeRun([handler]).run()
            #expect(report.succeeded == 60)
            try await holder.value
        }
    }

    @Test("where another transaction has all due rows locked for long: it says so once, and performs them all the same")
    func lockedForLong() async throws {
        try await Fixture.with(.postgresql) { fixture in
            let ids = try await fixture.due(3)
            let handler = ClosureHandler()
            let holder = try await hold("SELECT FROM tasks FOR NO KEY UPDATE", for: .seconds(7), in: fixture)
            let told = Mutex<[StoreError]>([])
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .held(let error) = event { told.withLock { $0.append(error) } }
            }
            let report = try await fixture.makeRun([handler], observer: observer).run()
            #expect(handler.ids == ids && report.succeeded == 3)
            #expect(told.withLock { $0.count } == 1)
            try await holder.value
        }
    }

    @Test("where a follower is locked when the last of its batch ends")
    func lockedFollower() async throws {
        try await Fixture.with(.postgresql) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", batch: "b"), NewTask(name: "LAST", afterBatch: "b")])
            let (handler, last) = (ClosureHandler(), ClosureHandler("LAST"))
            let holder = try await hold("SELECT FROM tasks WHERE id = 2 FOR UPDATE", for: .seconds(2), in: fixture)
            let report = try await fixture.makeRun([handler, last]).run()
            #expect(report.succeeded == 2)
            try await holder.value
        }
    }

    /// Locks rows, and holds them for so long from the moment at which the lock is seen.
    private func hold(_ lock: String, for time: Duration, in fixture: Fixture) async throws -> Task<Void, any Error> {
        let sleep = "pg_sleep(300), \(Int.random(in: 1...1_000_000_000))"
        // It ends by being cancelled, which undoes its transaction.
        let session = Task { _ = try? await fixture.sql("BEGIN; \(lock); SELECT \(sleep)") }
        let sleeping = "FROM pg_stat_activity WHERE query LIKE '%\(sleep)%' AND wait_event = 'PgSleep'"
        try await eventually("the rows are locked") {
            try await fixture.value("SELECT count(*) \(sleeping)") != "0"
        }
        return Task {
            try await Task.sleep(for: time)
            _ = try await fixture.value("SELECT count(pg_cancel_backend(pid)) \(sleeping)")
            await session.value
        }
    }
}
