import Foundation
import Synchronization
import TaskRun
import Testing

/// Ends that somebody's open transaction keeps from being written.
///
/// PostgreSQL only: SQLite has one writer.
@Suite("Ends that meet a stranger's lock")
struct HeldEndTests {
    /// What a stranger may hold that the end of task 1 needs, while tasks 2 to 9 end.
    enum Lock: String, CaseIterable, CustomTestStringConvertible {
        case row = "its row"
        case share = "its row, as who refers to it does"
        case key = "its lock key"
        case next = "the row that its lock key goes to"
        case batch = "the row of its batch"
        case result = "the result of an earlier task with its token"

        var testDescription: String { rawValue }

        var sql: String {
            switch self {
            case .row: "UPDATE tasks SET cancel_requested_at = NULL WHERE id = 1"
            case .share: "SELECT FROM tasks WHERE id = 1 FOR KEY SHARE"
            case .key: "SELECT pg_advisory_xact_lock(hashtextextended('k', (SELECT salt FROM task_salt)))"
            case .next: "SELECT FROM tasks WHERE task_name = 'NOBODY' FOR UPDATE"
            case .batch: "SELECT FROM task_batches FOR UPDATE"
            case .result: "SELECT FROM task_results FOR UPDATE"
            }
        }

        /// Whether one look shows who holds it.
        var isSeen: Bool { self == .row || self == .share || self == .key }

        /// The first task, and what else must be there.
        func add(to fixture: Fixture) async throws {
            switch self {
            case .row, .share: _ = try await fixture.store.add([NewTask(name: "A")])
            case .key: _ = try await fixture.store.add([NewTask(name: "A", lockKey: "k")])
            case .next:
                _ = try await fixture.store.add([NewTask(name: "A", lockKey: "k")])
                try await fixture.sql(
                    "INSERT INTO tasks (task_name, lock_key, lock_place) VALUES ('NOBODY', 'k', 1)"
                )
            case .batch:
                _ = try await fixture.store.add([NewTask(name: "A", batch: "b")])
                try await fixture.sql("INSERT INTO tasks (task_name, after_batch) VALUES ('NOBODY', 'b')")
                try await fixture.sql("INSERT INTO task_batches (batch) VALUES ('b')")
            case .result:
                _ = try await fixture.store.add([NewTask(name: "A", token: "t")])
                try await fixture.sql(
                    """
                    INSERT INTO task_results (token, task_id, task_name, state, created_at, finished_at, expires_at)
                    VALUES ('t', 0, 'A', 'COMPLETE', now(), now(), now() + interval '1 day')
                    """
                )
            }
        }
    }

    @Test(
        "the others are settled meanwhile, the holder is named once, and it is settled when the lock is gone",
        arguments: Lock.allCases
    )
    func held(_ lock: Lock) async throws {
        try await Fixture.with(.postgresql) { fixture in
            try await fixture.sql("CREATE TABLE gate (n integer)")
            try await lock.add(to: fixture)
            let ids = try await fixture.due(8)
            let (handler, gate) = (ClosureHandler(), Gate())
            let told = Mutex<[StoreError]>([])
            let first = ClosureHandler("A") { task, _ in
                handler.performed.withLock { $0.append(task.id) }
                if task.id == 1 { await gate.wait() }
                return .succeeded()
            }
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .held(let error) = event { told.withLock { $0.append(error) } }
            }
            async let report = fixture.makeRun([first], observer: observer).run()
            try await eventually("the first is not begun") { handler.ids.contains(1) }
            let stranger = Task {
                try await fixture.sql(
                    """
                    BEGIN;
                    SET application_name = 'a stranger';
                    \(lock.sql);
                    SELECT pg_advisory_xact_lock(4711, hashtext(current_schema()));
                    DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
                    ROLLBACK;
                    """
                )
            }
            try await eventually("nobody holds it") {
                try await fixture.value(Self.holders) == "1"
            }
            gate.open()
            try await eventually("the others are not settled") {
                try await fixture.rows("SELECT id FROM tasks WHERE task_name = 'A'") == ["1"]
            }
            try await eventually("who holds it is not said") { !told.withLock { $0.isEmpty } }
            try await fixture.sql("INSERT INTO gate VALUES (1)")
            try await stranger.value
            let end = try await report
            #expect((end.succeeded, end.leaseLost, end.stuck) == (9, 0, 0))
            #expect(handler.ids.count == 9 && Set(handler.ids).isSuperset(of: ids))
            let words = told.withLock { $0 }
            #expect(words.count == 1)
            #expect(words.first?.subject.contains("task 1 A") == true)
            if lock.isSeen { #expect(words.first?.cause.contains("a stranger") == true, "\(words)") }
        }
    }

    /// How many strangers hold what they are to hold, in this schema.
    private static let holders = """
        SELECT count(*)
        FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND classid = 4711 AND objid = hashtext(current_schema())::oid AND granted
            AND datname = current_database()
        """

    @Test("the look says which ends are held, and waits for nothing")
    func look() async throws {
        try await Fixture.with(.postgresql) { fixture in
            try await fixture.due(3)
            let settlements = try await fixture.claim(now: .now).map { Settlement($0.proof, .delete) }
            #expect(try await fixture.store.held(among: settlements).isEmpty)
            #expect(try await fixture.store.settle(settlements) == [.settled, .settled, .settled])
        }
    }

    @Test("a limit whose row somebody has locked keeps no other task from being performed")
    func limit() async throws {
        try await Fixture.with(.postgresql) { fixture in
            try await fixture.sql("CREATE TABLE gate (n integer)")
            try await fixture.store.setLimit(TaskLimit(.name("B"), running: 1))
            let ids = try await fixture.due(4)
            try await fixture.due(1, name: "B")
            let stranger = Task {
                try await fixture.sql(
                    """
                    BEGIN;
                    SELECT FROM task_limits FOR UPDATE;
                    SELECT pg_advisory_xact_lock(4711, hashtext(current_schema()));
                    DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
                    ROLLBACK;
                    """
                )
            }
            try await eventually("nobody holds it") {
                try await fixture.value(Self.holders) == "1"
            }
            let handler = ClosureHandler()
            let limited = ClosureHandler("B")
            async let report = fixture.makeRun([handler, limited]).run()
            try await eventually("the others wait") { handler.ids == ids }
            try await fixture.sql("INSERT INTO gate VALUES (1)")
            try await stranger.value
            #expect(try await report.succeeded == 5)
            #expect(limited.ids.count == 1)
        }
    }
}
