import Foundation
import Synchronization
import TaskRun
import Testing

@Suite("Lock keys")
struct LockConformanceTests {
    /// Settles as a run does, which knows the key.
    private static func end(_ task: ClaimedTask, _ verdict: Verdict, letsPass: Bool = false) -> Settlement {
        Settlement(task.proof, verdict, lockKey: task.lockKey, letsPass: letsPass)
    }

    @Test(
        "of the due rows with one key, of whatever names and queues, the first one is claimed",
        arguments: StoreUnderTest.allCases
    )
    func one(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "lock_key, priority", values: "'k', 5")
            try await fixture.add(name: "B", columns: "lock_key, queue", values: "'k', 'q'")
            try await fixture.add(columns: "lock_key", values: "'other'")
            try await fixture.add(columns: "lock_key, priority, queue", values: "'k', -1, 'late'")
            try await fixture.sql(
                "UPDATE tasks SET run_at = \(Fixture.moment(Fixture.start.addingTimeInterval(60))) WHERE id = 4"
            )
            try await fixture.add()
            let tasks = try await fixture.claim(["A", "B"])
            #expect(tasks.map(\.id) == [2, 3, 5])
            #expect(tasks.map(\.lockKey) == ["k", "other", nil])
            #expect(try await fixture.claim(["A", "B"]).isEmpty)
            // What is due by then and comes first is next.
            let later = Fixture.start.addingTimeInterval(61)
            #expect(try await fixture.claim(["A", "B"], now: later).isEmpty)
            _ = try await fixture.store.settle([Self.end(tasks[0], .delete)], now: later)
            let next = try await fixture.claim(["A", "B"], now: later)
            #expect(next.map(\.id) == [4])
            _ = try await fixture.store.settle([Self.end(next[0], .fail(error: "x"))], now: later)
            #expect(try await fixture.claim(["A", "B"], now: later).map(\.id) == [1])
        }
    }

    @Test("settling one and claiming the next of its key happen together", arguments: StoreUnderTest.allCases)
    func chain(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(20, columns: "lock_key", values: "'k'")
            var task = try #require(try await fixture.claim().first)
            for id in Int64(2)...20 {
                let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 5, crashed: 5))
                let exchange = try await fixture.store.settle(
                    [Self.end(task, .delete)],
                    thenClaim: request,
                    now: Fixture.start
                )
                #expect(exchange.claimed.map(\.id) == [id])
                task = try #require(exchange.claimed.first)
            }
        }
    }

    @Test(
        "a waiting retry holds its key, and a snoozed one too",
        arguments: StoreUnderTest.allCases,
        [Verdict.retry(after: .seconds(60), error: "x"), .release(after: .seconds(60), error: nil)]
    )
    func retry(_ kind: StoreUnderTest, _ verdict: Verdict) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "lock_key", values: "'k'")
            let task = try #require(try await fixture.claim().first)
            _ = try await fixture.store.settle([Self.end(task, verdict)], now: Fixture.start)
            #expect(try await fixture.claim().isEmpty)
            try await fixture.add(columns: "lock_key, priority", values: "'k', -5")
            #expect(try await fixture.claim().isEmpty)
            let later = Fixture.start.addingTimeInterval(61)
            let again = try await fixture.claim(now: later)
            #expect(again.map(\.id) == [1])
            _ = try await fixture.store.settle([Self.end(again[0], .delete)], now: later)
            #expect(try await fixture.claim(now: later).map(\.id) == [3])
        }
    }

    @Test(
        "a settlement can let others pass: they run, and the retry waits its turn",
        arguments: StoreUnderTest.allCases
    )
    func loose(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "lock_key", values: "'k'")
            let task = try #require(try await fixture.claim().first)
            #expect(try await fixture.claim().isEmpty)
            let verdict = Verdict.retry(after: .seconds(60), error: "x")
            _ = try await fixture.store.settle([Self.end(task, verdict, letsPass: true)], now: Fixture.start)
            let second = try await fixture.claim()
            #expect(second.map(\.id) == [2])
            let later = Fixture.start.addingTimeInterval(61)
            #expect(try await fixture.claim(now: later).isEmpty)
            _ = try await fixture.store.settle([Self.end(second[0], .delete)], now: later)
            #expect(try await fixture.claim(now: later).map(\.id) == [1])
        }
    }

    @Test("a key whose holder died stays held until the holder has run again", arguments: StoreUnderTest.allCases)
    func died(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3, columns: "lock_key", values: "'k'")
            #expect(try await fixture.claim(owner: "dead").map(\.id) == [1])
            #expect(try await fixture.claim().isEmpty)
            let dead = RecoverRequest(isDead: { $0 == "dead" }, crashLimit: 2, now: Fixture.start)
            #expect(try await fixture.store.recover(dead).map(\.id) == [1])
            // Nothing is claimed ahead of it where no crashed row is wanted.
            #expect(try await fixture.claim(crashed: 0).isEmpty)
            #expect(try await fixture.claim(owner: "dead").map(\.id) == [1])
            #expect(try await fixture.store.recover(dead).map(\.status) == [.failed])
            let next = try await fixture.claim()
            #expect(next.map(\.id) == [2])
            _ = try await fixture.store.settle([Self.end(next[0], .delete)])
            #expect(try await fixture.claim().map(\.id) == [3])
        }
    }

    @Test("a FAILED row that is sent back stands in line again", arguments: StoreUnderTest.allCases)
    func sentBack(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "lock_key", values: "'k'")
            let task = try #require(try await fixture.claim().first)
            _ = try await fixture.store.settle([Self.end(task, .fail(error: "x"))])
            let second = try await fixture.claim()
            #expect(try await fixture.store.retry(.all) == [1])
            let later = Date(timeIntervalSinceNow: 3600 * 24 * 365 * 20)
            #expect(try await fixture.claim(now: later).isEmpty)
            _ = try await fixture.store.settle([Self.end(second[0], .delete)], now: later)
            #expect(try await fixture.claim(now: later).map(\.id) == [1])
        }
    }

    @Test("deleting the row that is ahead lets the next one go on", arguments: StoreUnderTest.allCases)
    func deleted(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3, columns: "lock_key", values: "'k'")
            // Row 1 is of a name that nobody serves: it is ahead all the same.
            try await fixture.sql("UPDATE tasks SET task_name = 'NOBODY' WHERE id = 1")
            #expect(try await fixture.claim().isEmpty)
            #expect(try await fixture.value("SELECT count(*) FROM tasks WHERE lock_place = 1") == "2")
            #expect(try await fixture.store.delete([1]) == [1])
            let task = try #require(try await fixture.claim().first)
            #expect(task.id == 2)
            _ = try await fixture.store.settle([Self.end(task, .retry(after: .seconds(60), error: "x"))])
            #expect(try await fixture.store.delete([2]) == [2])
            #expect(try await fixture.claim().map(\.id) == [3])
        }
    }

    @Test("an SQL file that ends lets the next one go on", arguments: StoreUnderTest.allCases)
    func script(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "lock_key", values: "'k'")
            let task = try #require(try await fixture.claim().first)
            #expect(try await fixture.claim().isEmpty)
            let script = Script(sql: "SELECT 1", values: [:])
            #expect(try await fixture.store.perform(script, settling: task.proof, timeLimit: .seconds(60)) == .done)
            #expect(try await fixture.claim().map(\.id) == [2])
        }
    }

    @Test("one that gives way to an equal one lets the next one go on", arguments: StoreUnderTest.allCases)
    func gaveWay(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "lock_key, dedupe_key", values: "'k', 'd'")
            let task = try #require(try await fixture.claim().first)
            try await fixture.add(columns: "lock_key, dedupe_key", values: "'k', 'd'")
            #expect(try await fixture.claim().isEmpty)
            let verdict = Verdict.retry(after: .seconds(60), error: "x")
            #expect(try await fixture.store.settle([Self.end(task, verdict)]) == [.gaveWay])
            #expect(try await fixture.claim().map(\.id) == [2])
        }
    }

    @Test("where rows were changed by hand, lines are put right", arguments: StoreUnderTest.allCases)
    func mended(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for key in ["a", "b", "c"] { try await fixture.add(2, columns: "lock_key", values: "'\(key)'") }
            #expect(try await fixture.claim().map(\.id) == [1, 3, 5])
            #expect(try await fixture.claim().isEmpty)
            #expect(try await fixture.store.look(names: ["A"], queues: nil).hasLine)
            #expect(try await fixture.store.repairLockLines(now: Fixture.start) == 0)
            try await fixture.sql("DELETE FROM tasks WHERE id IN (1, 5)")
            #expect(try await fixture.claim().isEmpty)
            #expect(try await fixture.store.repairLockLines(now: Fixture.start) == 2)
            #expect(try await fixture.store.repairLockLines(now: Fixture.start) == 0)
            #expect(try await fixture.claim().map(\.id) == [2, 6])
            #expect(try await fixture.store.look(names: ["A"], queues: nil).hasLine)
        }
    }

    @Test("the database itself lets nobody hold a key twice", arguments: StoreUnderTest.allCases)
    func unique(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "lock_key", values: "'k'")
            #expect(try await fixture.claim().count == 1)
            await #expect(throws: (any Error).self) {
                try await fixture.sql("UPDATE tasks SET lock_place = 2 WHERE id = 2")
            }
        }
    }

    @Test("a row for later with a key is waited for, and one that is behind is not", arguments: StoreUnderTest.allCases)
    func waited(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", delay: .seconds(1), lockKey: "k")])
            #expect(try await fixture.store.look(names: ["A"], queues: nil).waitingNames == ["A"])
            let end = ContinuousClock.now.advanced(by: .seconds(60))
            #expect(try await fixture.store.waitForTasks(names: ["A"], queues: ["default"], until: end))
            #expect(try await fixture.store.waitForTasks(names: ["A"], queues: nil, until: end))
            #expect(try await fixture.claim(now: Date()).count == 1)
            _ = try await fixture.store.add([NewTask(name: "A", lockKey: "k")])
            #expect(try await fixture.claim(now: Date()).isEmpty)
            let soon = ContinuousClock.now.advanced(by: .milliseconds(300))
            #expect(try await fixture.store.waitForTasks(names: ["A"], queues: nil, until: soon) == false)
        }
    }

    @Test(
        "a thousand rows behind one cost the claims of others nothing once they were looked at",
        arguments: StoreUnderTest.allCases
    )
    func behind(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add(
                (0..<1200).map { _ in NewTask(name: "A", runAt: Fixture.start, lockKey: "slow") }
            )
            #expect(try await fixture.claim().count == 1)
            for _ in 0..<4 { #expect(try await fixture.claim().isEmpty) }
            #expect(try await fixture.value("SELECT count(*) FROM tasks WHERE lock_place = 1") == "1199")
            _ = try await fixture.store.add([NewTask(name: "A", runAt: Fixture.start, lockKey: "quick")])
            #expect(try await fixture.claim().map(\.lockKey) == ["quick"])
        }
    }

    @Test(
        "rows that are looked at together with thousands behind others are not missed by a run",
        arguments: StoreUnderTest.allCases
    )
    func run(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add((0..<700).map { _ in NewTask(name: "B", lockKey: "slow") })
            try await fixture.sql("UPDATE tasks SET task_name = 'NOBODY' WHERE id = 1")
            _ = try await fixture.store.add((0..<30).map { NewTask(name: "A", lockKey: "k\($0 % 3)") })
            let handlers = [ClosureHandler("A"), ClosureHandler("B")]
            let report = try await fixture.makeRun(handlers) { $0.only = nil }.run()
            #expect(report.succeeded == 30)
            let order = handlers[0].performed.withLock { $0 }
            for key in 0..<3 {
                let own = order.filter { ($0 - 701) % 3 == Int64(key) }
                #expect(own == own.sorted() && own.count == 10)
            }
        }
    }
}
