import Foundation
import TaskRun
import Testing

@Suite("Desk")
struct DeskConformanceTests {
    @Test("an added task has what was said, and the columns' defaults for the rest", arguments: StoreUnderTest.allCases)
    func add(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('A')")
            let runAt = Fixture.start
            let ids = try await fixture.store.add([
                NewTask(name: "A"),
                NewTask(
                    name: "B",
                    data: "[1]",
                    queue: "q",
                    priority: -3,
                    runAt: runAt,
                    maxAttempts: 4,
                    timeoutSeconds: 5
                ),
            ])
            #expect(ids == [2, 3])
            let plain = try #require(try await fixture.store.show(1))
            var added = try #require(try await fixture.store.show(2))
            #expect(abs(added.runAt.timeIntervalSince(plain.runAt)) < 60)
            #expect(abs(added.createdAt.timeIntervalSince(Date())) < 60)
            (added.id, added.runAt, added.createdAt) = (1, plain.runAt, plain.createdAt)
            #expect(added == plain)
            let full = try #require(try await fixture.store.show(3))
            #expect((full.name, full.data, full.queue, full.priority, full.runAt) == ("B", "[1]", "q", -3, runAt))
            #expect((full.maxAttempts, full.timeoutSeconds) == (4, 5))
        }
    }

    @Test("what waits for later can be made due now, its attempts as they were", arguments: StoreUnderTest.allCases)
    func hasten(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([
                NewTask(name: "A"), NewTask(name: "A"), NewTask(name: "A", delay: .seconds(600)),
            ])
            let tasks = try await fixture.claim(now: Date())
            let ends: [Verdict] = [.retry(after: .seconds(600), error: "x"), .fail(error: "y")]
            _ = try await fixture.store.settle(zip(tasks, ends).map { Settlement($0.proof, $1) })
            try await fixture.due(2)
            #expect(try await fixture.claim(limit: 1, now: Date()).map(\.id) == [4])
            #expect(try await fixture.store.hasten([1, 2, 3, 4, 5, 99]) == [1, 3])
            let due = try await fixture.claim(now: Date().addingTimeInterval(1))
            #expect(due.map(\.id).sorted() == [1, 3, 5])
            #expect(due.first { $0.id == 1 }?.attempt == 2)
            #expect(try await fixture.store.show(2)?.status == .failed)
        }
    }

    @Test(
        "to make a task due now keeps the order of its line, and leads a line on that all were put off in",
        arguments: StoreUnderTest.allCases
    )
    func hastenInLine(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add((0..<3).map { _ in NewTask(name: "A", lockKey: "k") })
            let task = try #require(try await fixture.claim(now: Date()).first)
            #expect(try await fixture.claim(now: Date()).isEmpty)
            let retry = Settlement(task.proof, .retry(after: .seconds(600), error: "x"), lockKey: "k")
            _ = try await fixture.store.settle([retry])
            #expect(try await fixture.store.hasten([1, 2]) == [1])
            let again = try await fixture.claim(now: Date().addingTimeInterval(1))
            #expect(again.map(\.id) == [1])
            let late = Fixture.moment(Date().addingTimeInterval(600))
            try await fixture.sql("UPDATE tasks SET run_at = \(late) WHERE id > 1")
            _ = try await fixture.store.settle([Settlement(again[0].proof, .delete, lockKey: "k")])
            #expect(try await fixture.store.hasten([3]) == [3])
            #expect(try await fixture.claim(now: Date().addingTimeInterval(1)).map(\.id) == [3])
        }
    }

    @Test("a delay is counted from now", arguments: StoreUnderTest.allCases)
    func delay(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", delay: .seconds(600))])
            let row = try #require(try await fixture.store.show(1))
            #expect(abs(row.runAt.timeIntervalSince(Date()) - 600) < 60)
            let years = Duration.seconds(20 * 365 * 86_400)
            _ = try await fixture.store.add([NewTask(name: "A", delay: years)])
            let late = try #require(try await fixture.store.show(2))
            #expect(abs(late.runAt.timeIntervalSince(Date()) - years / .seconds(1)) < 60)
        }
    }

    @Test("of a batch all or none are added", arguments: StoreUnderTest.allCases)
    func atomic(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let error = await #expect(throws: StoreError.self) {
                try await fixture.store.add([NewTask(name: "A"), NewTask(name: "a/b"), NewTask(name: "C")])
            }
            #expect(error?.code == .refused)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test("rows are listed by state, name and queue, up to a limit", arguments: StoreUnderTest.allCases)
    func list(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, name: "A")
            try await fixture.add(name: "B", columns: "queue", values: "'q'")
            try await fixture.add(name: "B", columns: "status", values: "'FAILED'")
            let store = fixture.store
            #expect(try await store.list(TaskFilter()).map(\.id) == [1, 2, 3, 4])
            #expect(try await store.list(TaskFilter(limit: 2)).map(\.id) == [1, 2])
            #expect(try await store.list(TaskFilter(status: .failed)).map(\.id) == [4])
            #expect(try await store.list(TaskFilter(name: "B", queue: "q")).map(\.id) == [3])
            #expect(try await store.show(99) == nil)
        }
    }

    @Test("the summary counts by queue, name and state, and says who holds leases", arguments: StoreUnderTest.allCases)
    func summary(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', '2001-01-01 00:00:00+00:00')")
            try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', '2999-01-01 00:00:00+00:00')")
            try await fixture.sql("INSERT INTO tasks (task_name, status) VALUES ('B', 'FAILED')")
            try await fixture.add(name: "C")
            _ = try await fixture.claim(["C"], owner: "me")
            let summary = try await fixture.store.summary()
            let first = try #require(summary.lines.first { $0.name == "A" })
            #expect((first.queue, first.status, first.count, first.due) == ("default", .waiting, 2, 1))
            #expect(first.oldestDue == Date(timeIntervalSince1970: 978_307_200))
            #expect(
                summary.lines.map { "\($0.name) \($0.status) \($0.count)" }.sorted() == [
                    "A waiting 2", "B failed 1", "C processing 1",
                ]
            )
            let end = Fixture.start.addingTimeInterval(300)
            #expect(summary.holders == [.init(owner: "me", tasks: 1, firstLeaseEnd: end)])
        }
    }

    @Test(
        "FAILED rows go back with attempts 0, due at once; others are not touched",
        arguments: StoreUnderTest.allCases
    )
    func retry(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for name in ["A", "A", "B"] {
                try await fixture.sql(
                    "INSERT INTO tasks (task_name, status, attempts, crashes, run_at, last_error) "
                        + "VALUES ('\(name)', 'FAILED', 20, 5, '2999-01-01 00:00:00+00:00', 'why')"
                )
            }
            try await fixture.add(name: "A")
            #expect(try await fixture.store.retry(.ids([1, 4, 99])) == [1])
            #expect(try await fixture.store.retry(.name("A")) == [2])
            #expect(try await fixture.store.retry(.all) == [3])
            let row = try #require(try await fixture.store.show(3))
            #expect((row.status, row.attempts, row.crashes, row.lastError) == (.waiting, 0, 0, "why"))
            #expect(abs(row.runAt.timeIntervalSinceNow) < 60)
        }
    }

    @Test("what is in a run's hand is not deleted", arguments: StoreUnderTest.allCases)
    func delete(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3)
            _ = try await fixture.claim(limit: 1)
            #expect(try await fixture.store.delete([1, 2, 99]) == [2])
            #expect(try await fixture.rows("SELECT id FROM tasks ORDER BY id") == ["1", "3"])
        }
    }
}
