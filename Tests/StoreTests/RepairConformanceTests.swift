import Foundation
import TaskRun
import Testing

/// Rows with a lock key that were changed by hand.
@Suite("Lines, changed by hand")
struct RepairConformanceTests {
    @Test("a row that was made FAILED by hand holds its key no longer", arguments: StoreUnderTest.allCases)
    func failedByHand(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.twoInLine()
            try await fixture.sql("UPDATE tasks SET status = 'FAILED' WHERE id = 1")
            #expect(try await fixture.store.look(names: ["A"], queues: nil).hasLine)
            #expect(try await fixture.store.repairLockLines(now: Fixture.start) == 1)
            #expect(try await fixture.claim().map(\.id) == [2])
            #expect(try await fixture.store.repairLockLines(now: Fixture.start) == 0)
            // Sent back, it stands in line.
            #expect(try await fixture.store.retry(.ids([1])) == [1])
            #expect(try await fixture.claim(now: Fixture.start).isEmpty)
        }
    }

    @Test(
        "a row whose runs died, sent back by hand with its crashes, is claimed, and holds nobody up",
        arguments: StoreUnderTest.allCases,
        [0, 1]
    )
    func crashedByHand(_ kind: StoreUnderTest, _ place: Int) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "lock_key, crashes, lock_place", values: "'k', 1, \(place)")
            try await fixture.add(columns: "lock_key", values: "'k'")
            #expect(try await fixture.store.look(names: ["A"], queues: nil).hasLine)
            #expect(try await fixture.claim().isEmpty)
            #expect(try await fixture.store.repairLockLines(now: Fixture.start) > 0)
            let task = try #require(try await fixture.claim().first)
            #expect(task.id == 1)
            #expect(try await fixture.claim().isEmpty)
            #expect(try await fixture.store.repairLockLines(now: Fixture.start) == 0)
            #expect(try await fixture.store.settle([Settlement(task.proof, .delete, lockKey: "k")]) == [.settled])
            #expect(try await fixture.claim().map(\.id) == [2])
        }
    }

    @Test("a run performs such rows in order, one at a time", arguments: StoreUnderTest.allCases)
    func run(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name, lock_key, crashes) VALUES ('A', 'k', 4)")
            try await fixture.sql("INSERT INTO tasks (task_name, lock_key) VALUES ('A', 'k')")
            try await fixture.sql(
                "INSERT INTO tasks (task_name, lock_key, status, lock_place) VALUES ('A', 'j', 'FAILED', 2)"
            )
            try await fixture.sql(
                "INSERT INTO tasks (task_name, lock_key, lock_place) VALUES ('A', 'j', 1)"
            )
            let handler = ClosureHandler()
            #expect(try await fixture.makeRun([handler]).run().succeeded == 3)
            #expect(handler.ids == [1, 2, 4])
            #expect(handler.mostAtOnce <= 2)
        }
    }

    @Test("a row behind that was put off does not hold up those that are due", arguments: StoreUnderTest.allCases)
    func putOff(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await fixture.twoInLine()
            try await fixture.add(columns: "lock_key", values: "'k'")
            #expect(try await fixture.claim().isEmpty)
            // As ON CONFLICT DO UPDATE SET run_at = excluded.run_at does.
            let late = Fixture.moment(Fixture.start.addingTimeInterval(3600))
            try await fixture.sql("UPDATE tasks SET run_at = \(late), priority = -1 WHERE id = 2")
            let end = Settlement(task.proof, .delete, lockKey: "k")
            #expect(try await fixture.store.settle([end], now: Fixture.start) == [.settled])
            let next = try await fixture.claim()
            #expect(next.map(\.id) == [3])
            let last = next.map { Settlement($0.proof, .delete, lockKey: "k") }
            #expect(try await fixture.store.settle(last, now: Fixture.start) == [.settled])
            #expect(try await fixture.claim().isEmpty)
            #expect(try await fixture.claim(now: Fixture.start.addingTimeInterval(3601)).map(\.id) == [2])
        }
    }

    @Test("a row behind that was made FAILED by hand and is sent back is not stuck", arguments: StoreUnderTest.allCases)
    func sentBack(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await fixture.twoInLine()
            try await fixture.sql("UPDATE tasks SET status = 'FAILED' WHERE id = 2")
            let end = Settlement(task.proof, .delete, lockKey: "k")
            #expect(try await fixture.store.settle([end], now: Fixture.start) == [.settled])
            #expect(try await fixture.store.retry(.ids([2])) == [2])
            #expect(try await fixture.claim().map(\.id) == [2])
        }
    }

    @Test(
        "a row in hand that was made FAILED by hand and is sent back has its key still",
        arguments: StoreUnderTest.allCases
    )
    func holderSentBack(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.twoInLine()
            try await fixture.sql("UPDATE tasks SET status = 'FAILED' WHERE id = 1")
            #expect(try await fixture.store.retry(.ids([1])) == [1])
            let task = try #require(try await fixture.claim().first)
            #expect(task.id == 1)
            let end = Settlement(task.proof, .delete, lockKey: "k")
            #expect(try await fixture.store.settle([end], now: Fixture.start) == [.settled])
            #expect(try await fixture.claim().map(\.id) == [2])
        }
    }
}
