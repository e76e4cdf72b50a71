import Foundation
import TaskRun
import Testing

/// When tasks failed, and how long they are kept after that.
@Suite("FAILED tasks, in time")
struct OldFailedConformanceTests {
    private static let day = Duration.seconds(86_400)

    @Test("each way to fail says when, and retry forgets it", arguments: StoreUnderTest.allCases)
    func moment(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let store = fixture.store
            try await fixture.add(2, name: "A")
            try await fixture.add(name: "LATE", columns: "expires_at", values: "'2001-01-01 00:00:00+00:00'")
            let claimed = try await fixture.claim(["A"], limit: 2)
            try #require(claimed.count == 2)
            _ = try await store.settle([Settlement(claimed[0].proof, .fail(error: "no"))], thenClaim: nil, now: nil)
            _ = try await store.recover(RecoverRequest(isDead: { _ in true }, crashLimit: 1))
            _ = try await store.expire(ResultRetention())
            let rows = try await store.list(TaskFilter())
            #expect(rows.map(\.status) == [.failed, .failed, .failed])
            for row in rows {
                #expect(try #require(row.failedAt) > Date(timeIntervalSince1970: 1_700_000_000), "\(row)")
            }
            _ = try await store.retry(.all)
            #expect(try await store.list(TaskFilter()).allSatisfy { $0.failedAt == nil && $0.status == .waiting })
        }
    }

    @Test("what is kept no longer goes, and nothing else", arguments: StoreUnderTest.allCases)
    func old(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let long = "'2001-01-01 00:00:00+00:00'"
            try await fixture.add(name: "A", columns: "status, failed_at", values: "'FAILED', \(long)")
            try await fixture.add(name: "B", columns: "status, failed_at", values: "'FAILED', \(long)")
            try await fixture.add(name: "C", columns: "failed_at", values: long)
            try await fixture.add(name: "D", columns: "status", values: "'FAILED'")
            try await fixture.add(name: "E", columns: "status", values: "'FAILED'")
            try await fixture.sql("UPDATE tasks SET failed_at = CURRENT_TIMESTAMP WHERE task_name = 'E'")
            let store = fixture.store
            let keep = ResultRetention(Self.day * 30, names: ["B": Self.day * 36_600, "X": .seconds(1)])
            #expect(try await store.oldFailed(keep, limit: 10).map(\.id) == [1])
            #expect(try await store.removeOldFailed(keep, limit: 10) == 1)
            #expect(try await store.list(TaskFilter()).map(\.name) == ["B", "C", "D", "E"])
            // A row that does not say when it failed counts from the upgrade.
            try await fixture.sql("UPDATE task_migrations SET applied_at = \(long) WHERE version = 11")
            #expect(try await store.oldFailed(keep, limit: 10).map(\.name) == ["D"])
            let other = ResultRetention(Self.day * 36_600, names: ["B": Self.day])
            #expect(try await store.removeOldFailed(other, limit: 10) == 1)
            #expect(try await store.list(TaskFilter()).map(\.name) == ["C", "D", "E"])
        }
    }

    @Test("at most so many at once, of several names", arguments: StoreUnderTest.allCases)
    func share(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for name in ["A", "B", "C"] {
                try await fixture.add(
                    10,
                    name: name,
                    columns: "status, failed_at, lock_key",
                    values: "'FAILED', '2001-01-01 00:00:00+00:00', 'k'"
                )
            }
            try await fixture.add(name: "A", columns: "lock_key", values: "'k'")
            let keep = ResultRetention(.seconds(60))
            var counts: [Int] = []
            for _ in 0..<4 { counts.append(try await fixture.store.removeOldFailed(keep, limit: 9)) }
            #expect(counts == [9, 9, 9, 3])
            #expect(try await fixture.store.list(TaskFilter()).map(\.status) == [.waiting])
            #expect(try await fixture.claim(["A"], owner: "me").count == 1)
        }
    }

    @Test("a run that performs something removes what is kept no longer", arguments: StoreUnderTest.allCases)
    func run(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let old = "'FAILED', '2001-01-01 00:00:00+00:00'"
            try await fixture.add(name: "A", columns: "status, failed_at", values: old)
            let run = try fixture.makeRun([ClosureHandler()]) { $0.tidying = 1 }
            _ = try await run.run()
            #expect(try await fixture.store.list(TaskFilter()).count == 1)
            _ = try await fixture.store.add([NewTask(name: "A")])
            let second = try fixture.makeRun([ClosureHandler()]) { $0.tidying = 1 }
            #expect(try await second.run().succeeded == 1)
            #expect(try await fixture.store.list(TaskFilter()).isEmpty)
        }
    }
}
