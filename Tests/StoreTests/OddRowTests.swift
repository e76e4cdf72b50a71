import Foundation
import TaskRun
import Testing

/// Rows that plain SQL has left in a state that no run leaves them in.
@Suite("Rows, changed by hand in odd ways")
struct OddRowTests {
    private static let changes = [
        // Behind others, in hand, and both.
        "UPDATE tasks SET lock_key = NULL WHERE id = 2",
        "UPDATE tasks SET lock_key = NULL WHERE id = 1",
        "UPDATE tasks SET lock_key = NULL",
        "UPDATE tasks SET lock_key = 'other' WHERE id = 1",
        "UPDATE tasks SET lock_key = NULL, after_batch = 'b', batch = NULL WHERE id = 2",
        "UPDATE tasks SET lock_place = 1 WHERE lock_key IS NULL",
        "UPDATE tasks SET lock_place = 1",
        "UPDATE tasks SET lock_place = 2 WHERE lock_key IS NULL",
        "INSERT INTO tasks (task_name, lock_place) VALUES ('A', 1)",
        "INSERT INTO tasks (task_name, lock_place, crashes) VALUES ('A', 1, 1)",
        "UPDATE tasks SET after_batch = NULL",
        "UPDATE tasks SET batch = NULL",
        "UPDATE tasks SET batch = NULL, after_batch = NULL, token = NULL, dedupe_key = NULL",
        "UPDATE tasks SET progress_done = NULL, progress_total = 1, progress_note = 'x', cancel_requested_at = NULL",
        "UPDATE tasks SET progress_done = 1, progress_total = NULL, progress_note = NULL",
        "UPDATE tasks SET lease_owner = NULL, lease_expires_at = NULL, created_at = '1999-12-31 00:00:00+00:00'",
        "UPDATE tasks SET lease_owner = '', expires_at = NULL, max_attempts = NULL, timeout_seconds = NULL",
        "UPDATE tasks SET status = 'WAITING', attempts = 7 WHERE status = 'PROCESSING'",
        "INSERT INTO task_batches (batch) VALUES ('c'), ('')",
    ]

    @Test("nothing stops the run, and all rows are performed", arguments: StoreUnderTest.allCases, changes)
    func changed(_ kind: StoreUnderTest, _ change: String) async throws {
        try await Fixture.with(kind) { fixture in
            let line = ["'k', NULL, NULL, 't', 'd'", "'k', 'b', NULL, 't2', 'd2'", "'k', 'b', NULL, NULL, NULL"]
            let others = ["NULL, NULL, NULL, NULL, NULL", "NULL, NULL, 'b', 't3', 'd3'"]
            for values in line + others {
                try await fixture.sql(
                    "INSERT INTO tasks (task_name, lock_key, batch, after_batch, token, dedupe_key) VALUES ('A', \(values))"
                )
            }
            let begun = try await fixture.claim(lease: .zero, now: Date()).map(\.id)
            #expect(begun.sorted() == [1, 4])
            try await fixture.sql(change)
            _ = try await fixture.store.repairLockLines(now: nil)
            #expect(try await fixture.store.repairLockLines(now: nil) == 0)
            _ = try await fixture.store.summary()
            let rows = try await fixture.store.list(TaskFilter())
            let handler = ClosureHandler()
            let report = try await fixture.makeRun([handler]).run()
            #expect(report.trouble == nil && report.succeeded == rows.count && handler.ids == rows.map(\.id).sorted())
            let look = try await fixture.store.look(names: ["A"], queues: nil)
            #expect(!look.hasLine && !look.isDue)
            #expect(try await fixture.store.states(of: ["t", "t2", "t3"]).allSatisfy { $0.state == .complete })
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test(
        "moments at the ends of the calendar stop nobody",
        arguments: StoreUnderTest.allCases,
        ["run_at", "created_at", "lease_expires_at", "expires_at", "cancel_requested_at"]
    )
    func moments(_ kind: StoreUnderTest, _ column: String) async throws {
        let (first, last) =
            kind == .sqlite
            ? ("'0000-01-01 00:00:00'", "'9999-12-31 23:59:59.999'")
            : ("'4713-11-24 00:00:00+00 BC'", "'294276-12-31 23:59:59.999999+00'")
        try await Fixture.with(kind) { fixture in
            for status in ["WAITING", "PROCESSING", "FAILED"] {
                for moment in [first, last] {
                    try await fixture.sql(
                        "INSERT INTO tasks (task_name, status, \(column)) VALUES ('ODD', '\(status)', \(moment))"
                    )
                }
            }
            try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('A')")
            #expect(try await fixture.store.list(TaskFilter()).count == 7)
            for id in 1...7 { #expect(try await fixture.store.show(Int64(id))?.id == Int64(id)) }
            _ = try await fixture.store.summary()
            _ = try await fixture.store.look(names: ["ODD"], queues: nil)
            _ = try await fixture.store.waitForTasks(names: ["ODD"], queues: nil, until: .now)
            let handler = ClosureHandler()
            let odd = ClosureHandler("ODD")
            let report = try await fixture.makeRun([handler, odd]).run()
            #expect(report.trouble == nil && handler.ids == [7])
            _ = try await fixture.store.list(TaskFilter())
            _ = try await fixture.store.cancel((1...6).map { .id($0) }, retention: ResultRetention(.seconds(9)))
            _ = try await fixture.store.retry(.all)
            _ = try await fixture.store.hasten(Array(1...6))
        }
    }
}
