import Foundation
import Synchronization
import TaskRun
import Testing

/// Tasks that are to follow, while somebody's open transaction has just added one of the same token or key.
///
/// PostgreSQL only: SQLite has one writer.
@Suite("Tasks that follow and meet an open transaction")
struct HeldFollowUpTests {
    /// Adds a task within a transaction that stays open until ``Hold/end()``, and then commits or not.
    private struct Hold: Sendable {
        let fixture: Fixture

        func end() async throws { try await fixture.sql("INSERT INTO gate VALUES (1)") }
    }

    private func holding(
        _ insertion: String,
        _ ending: String,
        _ body: (Fixture, Hold) async throws -> Void
    ) async throws {
        try await Fixture.with(.postgresql) { fixture in
            try await fixture.sql("CREATE TABLE gate (n integer)")
            let holder = Task {
                try await fixture.sql(
                    """
                    BEGIN;
                    \(insertion);
                    DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
                    \(ending);
                    """
                )
            }
            try await eventually("nobody holds it") {
                try await fixture.value("SELECT count(*) FROM pg_locks WHERE relation = 'tasks'::regclass") != "0"
            }
            try await body(fixture, Hold(fixture: fixture))
            try await holder.value
        }
    }

    @Test("others are settled meanwhile, and it is once the transaction has ended", arguments: ["COMMIT", "ROLLBACK"])
    func dedupe(_ ending: String) async throws {
        try await holding("INSERT INTO tasks (task_name, dedupe_key, data) VALUES ('B', 'k', '1')", ending) {
            fixture,
            hold in
            let ids = try await fixture.due(20)
            let held = Array(ids.prefix(5))
            let handler = ClosureHandler { task, context in
                try? context.add(held.contains(task.id) ? NewTask(name: "B", dedupeKey: "k") : NewTask(name: "C"))
                return .succeeded()
            }
            let follower = ClosureHandler("C")
            let run = try fixture.makeRun([handler, follower]) { settings in
                settings.concurrency = 1
                settings.lease = .seconds(6)
            }
            async let report = run.run()
            try await eventually("the first is not begun") { handler.ids.contains(ids[0]) }
            let lease = "SELECT lease_expires_at FROM tasks WHERE id = \(ids[0])"
            let first = try #require(try await fixture.value(lease))
            try await eventually("the others are not settled, or its lease is not renewed") {
                let left = try await fixture.rows("SELECT id FROM tasks WHERE task_name <> 'B' ORDER BY id")
                let lease = try await fixture.value(lease)
                return left == held.map(String.init) && lease != first
            }
            try await hold.end()
            let end = try await report
            #expect((end.succeeded, end.leaseLost, end.failed) == (35, 0, 0))
            #expect(handler.ids == ids)
            #expect(
                try await fixture.rows("SELECT task_name, data FROM tasks") == [ending == "COMMIT" ? "B|1" : "B|{}"]
            )
        }
    }

    @Test("the settlement of a call that meets it fails soon, and nothing of the call is done")
    func nothing() async throws {
        try await holding("INSERT INTO tasks (task_name, token) VALUES ('B', 't')", "COMMIT") { fixture, hold in
            try await fixture.due(2)
            let tasks = try await fixture.claim(now: .now)
            let settlements = tasks.map { Settlement($0.proof, .delete, followUps: [NewTask(name: "B", token: "t")]) }
            let error = await #expect(throws: StoreError.self) { try await fixture.store.settle(settlements) }
            #expect(error?.code == .held)
            try await fixture.expect("SELECT count(*) FROM tasks WHERE status = 'PROCESSING'", "2")
            try await hold.end()
        }
    }

    @Test("a task that is settled alone waits a second for it")
    func alone() async throws {
        try await holding("INSERT INTO tasks (task_name, token) VALUES ('B', 't')", "COMMIT") { fixture, hold in
            try await fixture.due()
            let task = try #require(try await fixture.claim(now: .now).first)
            let settlement = Settlement(task.proof, .delete, followUps: [NewTask(name: "B", token: "t")])
            let began = ContinuousClock.now
            let error = await #expect(throws: StoreError.self) { try await fixture.store.settle([settlement]) }
            #expect(error?.code == .held && began.duration(to: .now) >= .seconds(1))
            try await hold.end()
        }
    }

    @Test("a token that turns out to be taken makes its task FAILED, the others are settled")
    func token() async throws {
        try await holding("INSERT INTO tasks (task_name, token) VALUES ('B', 't')", "COMMIT") { fixture, hold in
            let ids = try await fixture.due(3)
            let handler = ClosureHandler { task, context in
                if task.id != ids[2] { try? context.add(NewTask(name: "B", token: "t")) }
                return .succeeded()
            }
            async let report = fixture.makeRun([handler]).run()
            try await eventually("the last is not settled") {
                try await fixture.value("SELECT count(*) FROM tasks WHERE task_name = 'A'") == "2"
            }
            try await hold.end()
            let end = try await report
            #expect((end.succeeded, end.failed, end.leaseLost) == (1, 2, 0))
            #expect(handler.ids == ids)
            #expect(
                try await fixture.rows("SELECT task_name, status FROM tasks ORDER BY id").sorted() == [
                    "A|FAILED", "A|FAILED", "B|WAITING",
                ]
            )
        }
    }

    @Test("a run that is asked to stop gives it up when its grace is over, and leaves it to the next run")
    func stop() async throws {
        try await holding("INSERT INTO tasks (task_name, token) VALUES ('B', 't')", "ROLLBACK") { fixture, hold in
            let ids = try await fixture.due(4)
            let handler = ClosureHandler { task, context in
                if task.id != ids[3] { try? context.add(NewTask(name: "B", token: "t")) }
                return .succeeded()
            }
            let stop = StopSignal()
            async let report = fixture.makeRun([handler], stop: stop).run()
            try await eventually("the other is not settled") {
                try await fixture.value("SELECT count(*) FROM tasks WHERE task_name = 'A'") == "3"
            }
            stop.request()
            stop.request()
            let end = try await report
            #expect((end.succeeded, end.leaseLost) == (1, 3))
            try await fixture.expect("SELECT count(*) FROM tasks WHERE status = 'PROCESSING'", "3")
            try await hold.end()
        }
    }

    /// Counts how often a run goes round, for each time it gives places back, if only none.
    private final class CountingSlots: HostSlots {
        private let slots = ProcessSlots(4)
        let rounds = Atomic(0)

        func take(upTo count: Int) -> Int { slots.take(upTo: count) }

        func release(_ count: Int) {
            rounds.add(1, ordering: .relaxed)
            slots.release(count)
        }
    }

    @Test(
        "a run whose window is over, or that stays when nothing is due, waits for it without going round and round",
        arguments: [false, true]
    )
    func pause(_ stays: Bool) async throws {
        try await holding("INSERT INTO tasks (task_name, token) VALUES ('B', 't')", "ROLLBACK") { fixture, hold in
            try await fixture.due()
            let handler = ClosureHandler { _, context in
                try? context.add(NewTask(name: "B", token: "t"))
                return .succeeded()
            }
            let (slots, stop) = (CountingSlots(), StopSignal())
            let run = try fixture.makeRun([handler], slots: slots, stop: stop, turn: stays ? TestTurn() : nil) {
                settings in
                settings.window = stays ? nil : .seconds(1)
                settings.lease = .seconds(4)
            }
            async let report = run.run()
            try await eventually("it is not begun") { !handler.ids.isEmpty }
            let lease = "SELECT lease_expires_at FROM tasks WHERE task_name = 'A'"
            let first = try #require(try await fixture.value(lease))
            // Twice: the window is over by then.
            try await eventually("its lease is not renewed") { try await fixture.value(lease) != first }
            let second = try #require(try await fixture.value(lease))
            try await eventually("its lease is not renewed again") { try await fixture.value(lease) != second }
            try await hold.end()
            try await eventually("it is not settled") {
                try await fixture.value("SELECT count(*) FROM tasks WHERE task_name = 'A'") == "0"
            }
            stop.request()
            let end = try await report
            #expect((end.succeeded, end.leaseLost) == (1, 0))
            #expect(slots.rounds.load(ordering: .relaxed) < 200)
        }
    }
}
