import Foundation
import GRDB
import TaskRun
import Testing

@testable import SQLiteStore

/// What people see of a table, however many rows are in the way.
@Suite("Large tables")
struct LargeTableConformanceTests {
    @Test("each kind of row is counted once", arguments: StoreUnderTest.allCases)
    func kinds(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let past = "'2001-01-01 00:00:00+00:00'"
            let later = "'2031-01-01 00:00:00+00:00'"
            let rows: [(columns: String, values: String)] = [
                ("run_at", past), ("run_at, priority", "\(past), 7"), ("run_at", later),
                ("run_at, lock_key", "\(past), 'k'"), ("run_at, lock_key, lock_place", "\(past), 'k', 1"),
                ("run_at, crashes", "\(past), 2"), ("run_at, after_batch", "\(past), 'b'"),
                ("run_at, crashes, after_batch", "\(past), 1, 'b'"),
                ("run_at, crashes, lock_key", "\(later), 1, 'k'"),
                ("run_at, lock_key, lock_place", "\(past), 'other', 2"),
            ]
            for row in rows {
                try await fixture.sql("INSERT INTO tasks (task_name, \(row.columns)) VALUES ('A', \(row.values))")
            }
            try await fixture.add(name: "A", columns: "status, queue", values: "'FAILED', 'q'")
            try await fixture.add(2, name: "A", columns: "status", values: "'FAILED'")
            try await fixture.add(name: "B", columns: "status", values: "'FAILED'")
            try await fixture.add(name: "B", columns: "status, lease_owner", values: "'PROCESSING', 'me'")
            let summary = try await fixture.store.summary()
            #expect(
                summary.lines.map { "\($0.queue) \($0.name) \($0.status.rawValue) \($0.count) \($0.due)" } == [
                    "default A FAILED 2 0", "default A WAITING 10 6", "default B FAILED 1 0",
                    "default B PROCESSING 1 0", "q A FAILED 1 0",
                ]
            )
            let oldest = try #require(summary.lines[1].oldestDue)
            #expect(abs(oldest.timeIntervalSince1970 - 978_307_200) < 1)
            #expect(summary.waiting == TableSummary.Total(10) && summary.failed == TableSummary.Total(4))
            #expect(summary.lines.map(\.isPartial) == [false, false, false, false, false])
            #expect(summary.holders.map(\.tasks) == [1])
        }
    }

    @Test("rows behind thousands of others are listed", arguments: StoreUnderTest.allCases)
    func far(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(name: "FIRST", columns: "batch", values: "'early'")
            try await fixture.sql(
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
                INSERT INTO tasks (task_name, status) SELECT 'OLD', 'FAILED' FROM n
                """
            )
            try await fixture.add(name: "LAST", columns: "token, batch, queue", values: "'t', 'b', 'q'")
            try await fixture.add(name: "KEYED", columns: "lock_key", values: "'k'")
            try await fixture.add(name: "HELD", columns: "status, lease_owner", values: "'PROCESSING', 'me'")
            try await fixture.add(name: "LAST", columns: "after_batch", values: "'b'")
            let store = fixture.store
            let last: Int64 = 25_002
            func ids(_ change: (inout TaskFilter) -> Void) async throws -> [Int64] {
                var filter = TaskFilter(limit: 5)
                change(&filter)
                return try await store.list(filter).map(\.id)
            }
            #expect(try await ids { $0.status = .waiting } == [1, last, last + 1, last + 3])
            #expect(try await ids { ($0.status, $0.after) = (.waiting, 1) } == [last, last + 1, last + 3])
            #expect(try await ids { ($0.status, $0.isLatest) = (.waiting, true) } == [last + 3, last + 1, last, 1])
            #expect(try await ids { ($0.status, $0.limit) = (.waiting, 2) } == [1, last])
            #expect(try await ids { $0.status = .processing } == [last + 2])
            #expect(try await ids { ($0.name, $0.after) = ("LAST", 2) } == [last, last + 3])
            #expect(try await ids { ($0.name, $0.status) = ("KEYED", .waiting) } == [last + 1])
            #expect(try await ids { ($0.name, $0.status) = ("KEYED", .failed) } == [])
            #expect(try await ids { ($0.name, $0.status, $0.limit) = ("OLD", .failed, 2) } == [2, 3])
            #expect(try await ids { ($0.name, $0.isLatest, $0.limit) = ("OLD", true, 2) } == [last - 1, last - 2])
            #expect(try await ids { $0.token = "t" } == [last])
            #expect(try await ids { $0.batch = "b" } == [last])
            #expect(try await ids { ($0.batch, $0.isLatest) = ("early", true) } == [1])
            #expect(try await ids { $0.queue = "q" } == [last])
            #expect(try await ids { $0.lockKey = "k" } == [last + 1])
            #expect(try await ids { $0.name = "NONE" } == [])
            #expect(try await store.matching(TaskFilter(status: .failed, limit: 30_000)).count == 25_000)
        }
    }

    @Test("batches say what is left, what waits for them, and what runs", arguments: StoreUnderTest.allCases)
    func batches(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let store = fixture.store
            #expect(try await store.batches(nil, limit: 10) == [])
            try await fixture.add(2, name: "LINE", columns: "batch", values: "'b'")
            try await fixture.add(2, name: "REPORT", columns: "after_batch", values: "'b'")
            try await fixture.add(name: "LINE", columns: "batch, status", values: "'b', 'FAILED'")
            try await fixture.add(name: "X", columns: "batch", values: "'a'")
            try await fixture.add(name: "WAITS", columns: "after_batch", values: "'c'")
            try await fixture.add(
                name: "SLOW",
                columns: "batch, status, lease_owner, progress_done, progress_total",
                values: "'b', 'PROCESSING', 'me', 3, 10"
            )
            let claimed = try await fixture.claim(["LINE"], limit: 1)
            try #require(claimed.count == 1)
            _ = try await store.settle([Settlement(claimed[0].proof, .delete, batch: "b")], thenClaim: nil, now: nil)
            let all = try await store.batches(nil, limit: 10)
            #expect(all.map(\.batch) == ["a", "b", "c"])
            let b = all[1]
            let there: [Int] = [b.waiting, b.processing, b.failed, b.followers, b.left]
            #expect(there == [1, 1, 1, 2, 2])
            let ended: [Int64?] = [b.complete, b.cancelled, b.total]
            #expect(ended == [1, 0, 4])
            #expect(b.follower?.id == 3 && b.follower?.name == "REPORT" && b.follower?.since != nil)
            #expect(b.longest?.name == "SLOW" && b.longest?.owner == "me" && b.longest?.progressTotal == 10)
            #expect(b.since != nil && !b.isPartial)
            #expect(all[0].total == nil && all[0].left == 1 && all[0].longest == nil && all[0].follower == nil)
            #expect(all[2].left == 0 && all[2].total == 0 && all[2].followers == 1)
            #expect(try await store.batches("b", limit: 10) == [b])
            #expect(try await store.batches("none", limit: 10) == [])
            #expect(try await store.batches(nil, limit: 2).map(\.batch) == ["a", "b"])
        }
    }

    @Test("on SQLite a look that takes too long is given up, and the next one is not")
    func late() async throws {
        try await Fixture.with(.sqlite) { fixture in
            let store = try #require(fixture.store as? SQLiteStore)
            let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
            let error = await #expect(throws: StoreError.self) {
                try await store.look("cannot look", within: .milliseconds(100)) { try Int.fetchOne($0, sql: endless) }
            }
            #expect(error?.code == .locked && error?.cause.contains("took longer than 2 s") == true)
            #expect(try await store.look("cannot look") { try Int.fetchOne($0, sql: "SELECT 7") } == 7)
        }
    }
}
