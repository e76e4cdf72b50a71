import Synchronization
import TaskRun
import Testing

@Suite("Queues")
struct QueueConformanceTests {
    private static let queues = ["mail-eu", "mail-us", "mailer", "bulk", "a.c", "abc", "?[x]*", "ä-1"]

    @Test(
        "a filter lets the same queues through in a claim, in a look and while waiting",
        arguments: StoreUnderTest.allCases,
        [
            ["mail-*"], ["mail*", "!mail-us"], ["!bulk"], ["*"], ["a.c"], ["a.*"], ["?[x]*"], ["?*"], ["ä*", "bulk"],
            ["nothing-*"], ["*", "!*"], ["'"], ["\\*", "!("],
        ]
    )
    func filter(_ kind: StoreUnderTest, _ list: [String]) async throws {
        try await Fixture.with(kind) { fixture in
            for crashes in 0...1 {
                for queue in Self.queues {
                    try await fixture.add(columns: "queue, crashes", values: "'\(queue)', \(crashes)")
                }
            }
            try await fixture.sql("UPDATE tasks SET run_at = created_at")
            let filter = QueueFilter.all(of: QueueFilter.groups(list))
            let expected = (1...16).filter { filter?.contains(Self.queues[($0 - 1) % 8]) ?? true }.map(Int64.init)

            try await fixture.sql("UPDATE tasks SET run_at = '2020-01-01 00:00:00'")
            #expect(
                try await fixture.store.look(names: ["A"], queues: filter).isDue == !expected.isEmpty || kind == .sqlite
            )
            let end = ContinuousClock.now + (expected.isEmpty ? .milliseconds(100) : .seconds(60))
            #expect(
                try await fixture.store.waitForTasks(names: ["A"], queues: filter, until: end) == !expected.isEmpty
            )
            #expect(try await fixture.claim(queues: filter, limit: 100, crashed: 100).map(\.id).sorted() == expected)
        }
    }

    @Test(
        "queues are emptied in the order of the settings, and those of one pattern together",
        arguments: StoreUnderTest.allCases
    )
    func order(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for (queue, priority) in [
                ("low", -5), ("mail-b", 0), ("high", 3), ("mail-a", 0), ("other", 0), ("high", 1),
            ] {
                try await fixture.sql(
                    "INSERT INTO tasks (task_name, queue, priority) VALUES ('A', '\(queue)', \(priority))"
                )
            }
            let seen = Mutex<[Int64]>([])
            let handler = ClosureHandler("A") { task, _ in
                seen.withLock { $0.append(task.id) }
                return .succeeded()
            }
            let run = try await fixture.makeRun([handler]) {
                $0.concurrency = 1
                $0.queues = QueueFilter.groups(["high", "mail-*", "low"])
            }.run()
            #expect(run.succeeded == 5)
            #expect(seen.withLock { $0 } == [6, 3, 2, 4, 1])
        }
    }

    @Test("what comes into an earlier queue meanwhile goes first", arguments: StoreUnderTest.allCases)
    func meanwhile(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name, queue) VALUES ('A', 'low')")
            for _ in 0..<20 { try await fixture.sql("INSERT INTO tasks (task_name, queue) VALUES ('SLOW', 'low')") }
            let seen = Mutex<[String]>([])
            let first = ClosureHandler("A") { _, _ in
                do {
                    try await fixture.sql("INSERT INTO tasks (task_name, queue) VALUES ('HIGH', 'high')")
                    return .succeeded()
                } catch {
                    return .failed(error: "\(error)")
                }
            }
            let others = ["SLOW", "HIGH"].map { name in
                ClosureHandler(name) { task, _ in
                    seen.withLock { $0.append(task.name) }
                    // Longer than what is claimed ahead may wait to begin: nothing is claimed ahead.
                    try? await Task.sleep(for: .milliseconds(300))
                    return .succeeded()
                }
            }
            let run = try await fixture.makeRun([first] + others) {
                $0.concurrency = 1
                $0.limit = 6
                $0.queues = QueueFilter.groups(["high", "low"])
            }.run()
            #expect(run.succeeded == 6)
            let place = try #require(seen.withLock { $0 }.firstIndex(of: "HIGH"))
            #expect(place < 3, "\(seen.withLock { $0 })")
        }
    }

    @Test(
        "a fair run takes as much from each queue, however much is in one of them",
        arguments: StoreUnderTest.allCases
    )
    func fair(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for _ in 0..<60 {
                try await fixture.sql("INSERT INTO tasks (task_name, queue, priority) VALUES ('A', 'bulk', -5)")
            }
            for queue in ["a", "b"] {
                for _ in 0..<10 {
                    try await fixture.sql("INSERT INTO tasks (task_name, queue) VALUES ('A', '\(queue)')")
                }
            }
            try await fixture.sql(
                "INSERT INTO tasks (task_name, queue, run_at) VALUES ('A', 'later', '2999-01-01 00:00:00')"
            )
            try await fixture.store.pause("b", for: nil, why: nil, by: nil)
            #expect(try await fixture.store.dueQueues(names: ["A"], queues: nil) == ["a", "bulk"])
            #expect(try await fixture.store.dueQueues(names: ["A"], queues: ["a", "b"]) == ["a"])
            #expect(try await fixture.store.dueQueues(names: ["A"], queues: ["bu*"]) == ["bulk"])
            #expect(try await fixture.store.dueQueues(names: ["B"], queues: nil).isEmpty)
            _ = try await fixture.store.add([NewTask(name: "B", queue: "keyed", lockKey: "k")])
            #expect(try await fixture.store.dueQueues(names: ["B"], queues: nil) == ["keyed"])
            _ = try await fixture.store.resume(["b"])
            let seen = Mutex<[String]>([])
            let handler = ClosureHandler { task, _ in
                seen.withLock { $0.append(task.queue) }
                return .succeeded()
            }
            let report = try await fixture.makeRun([handler]) { ($0.concurrency, $0.isFair) = (3, true) }.run()
            #expect(report.succeeded == 80)
            // Three queues, twenty tasks in two of them: by fair shares they are through after some sixty.
            let last = try #require(seen.withLock { $0 }.lastIndex { $0 != "bulk" })
            #expect(last < 65, "\(seen.withLock { $0 })")
        }
    }
}
