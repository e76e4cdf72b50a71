import Foundation
import TaskRun
import Testing

/// Batches whose tasks end in other ways than the usual one, and batches that nobody waits for any more.
@Suite("Batches in trouble")
struct BatchTroubleTests {
    private func numbers(_ fixture: Fixture) async throws -> [String] {
        try await fixture.claim(["Z"], now: Fixture.start.addingTimeInterval(1)).map {
            String(decoding: $0.data, as: UTF8.self)
        }
    }

    private func add(_ fixture: Fixture, _ tasks: [NewTask], batch: String = "b") async throws {
        _ = try await fixture.store.add(tasks + [NewTask(name: "Z", runAt: Fixture.start, afterBatch: batch)])
    }

    @Test(
        "a task that goes back although it was to be cancelled ends its batch, as it is gone",
        arguments: StoreUnderTest.allCases
    )
    func cancelledRetry(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [NewTask(name: "A", runAt: Fixture.start, batch: "b")])
            let task = try #require(try await fixture.claim().first)
            #expect(
                try await fixture.store.cancel([.id(task.id)], retention: ResultRetention(.seconds(60))) == [.asked]
            )
            let settlement = Settlement(task.proof, .retry(after: .zero, error: "no"), batch: "b")
            #expect(try await fixture.store.settle([settlement], now: Fixture.start) == [.cancelled])
            #expect(
                try await numbers(fixture) == [#"{"batch":{"name":"b","complete":0,"failed":0,"cancelled":1}}"#]
            )
        }
    }

    @Test("a task that gives way to an equal one ends its batch", arguments: StoreUnderTest.allCases)
    func gaveWay(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [NewTask(name: "A", runAt: Fixture.start, dedupeKey: "k", batch: "b")])
            let task = try #require(try await fixture.claim().first)
            _ = try await fixture.store.add([NewTask(name: "A", runAt: Fixture.start, dedupeKey: "k")])
            let settlement = Settlement(task.proof, .retry(after: .zero, error: "no"), batch: "b")
            #expect(try await fixture.store.settle([settlement], now: Fixture.start) == [.gaveWay])
            #expect(
                try await numbers(fixture) == [#"{"batch":{"name":"b","complete":0,"failed":0,"cancelled":0}}"#]
            )
        }
    }

    @Test(
        "what was counted for a task that is gone is not told to a later one that waits for a batch of that name",
        arguments: StoreUnderTest.allCases
    )
    func deserted(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let one = NewTask(name: "A", runAt: Fixture.start, batch: "b")
            try await add(fixture, [one, one])
            let tasks = try await fixture.claim()
            _ = try await fixture.store.settle([Settlement(tasks[0].proof, .delete, batch: "b")], now: Fixture.start)
            try await fixture.sql("DELETE FROM tasks WHERE task_name = 'Z'")
            _ = try await fixture.store.settle([Settlement(tasks[1].proof, .delete, batch: "b")], now: Fixture.start)
            #expect(try await fixture.store.look(names: ["A", "Z"], queues: nil).hasBatch)
            #expect(try await fixture.store.endBatches(after: nil, now: Fixture.start).due == 0)
            #expect(try await fixture.rows("SELECT * FROM task_batches").isEmpty)
            #expect(try await !fixture.store.look(names: ["A", "Z"], queues: nil).hasBatch)
            try await add(fixture, [one])
            let again = try #require(try await fixture.claim().first)
            _ = try await fixture.store.settle([Settlement(again.proof, .delete, batch: "b")], now: Fixture.start)
            #expect(
                try await numbers(fixture) == [#"{"batch":{"name":"b","complete":1,"failed":0,"cancelled":0}}"#]
            )
        }
    }

    @Test("counts of a batch that somebody waits for are kept", arguments: StoreUnderTest.allCases)
    func kept(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let one = NewTask(name: "A", runAt: Fixture.start, batch: "b")
            try await add(fixture, [one, one])
            let tasks = try await fixture.claim()
            _ = try await fixture.store.settle([Settlement(tasks[0].proof, .delete, batch: "b")], now: Fixture.start)
            #expect(try await fixture.store.endBatches(after: nil, now: Fixture.start).due == 0)
            #expect(try await fixture.rows("SELECT * FROM task_batches") == ["b|1|0"])
        }
    }

    @Test(
        "a row that was in hand when a run died is not claimed either while it waits for a batch",
        arguments: StoreUnderTest.allCases
    )
    func crashed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await add(fixture, [NewTask(name: "A", runAt: Fixture.start.addingTimeInterval(60), batch: "b")])
            try await fixture.add(columns: "crashes", values: "1")
            try await fixture.add(columns: "crashes", values: "5")
            try await fixture.sql("UPDATE tasks SET after_batch = 'b', run_at = created_at WHERE crashes > 0")
            #expect(try await fixture.claim().isEmpty)
            let alone = ClaimRequest(owner: "me", names: ["A"], share: .alone)
            #expect(try await fixture.store.claim(alone, now: Fixture.start).isEmpty)
            #expect(try await !fixture.store.look(names: ["A"], queues: nil).isDue)
            let end = ContinuousClock.now.advanced(by: .milliseconds(300))
            #expect(try await !fixture.store.waitForTasks(names: ["A"], queues: nil, until: end))
            try await fixture.sql("DELETE FROM tasks WHERE batch = 'b'")
            #expect(try await fixture.store.endBatches(after: nil, now: Fixture.start).due == 3)
            #expect(try await fixture.claim().map(\.crashes) == [1])
        }
    }

    @Test("names of batches are compared byte by byte", arguments: StoreUnderTest.allCases)
    func bytes(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            // The same letter for people, once as one character and once as two.
            let names = ["\u{e9}", "e\u{301}"]
            for name in names {
                try await add(fixture, [NewTask(name: "A", runAt: Fixture.start, batch: name)], batch: name)
            }
            let tasks = try await fixture.claim()
            _ = try await fixture.store.settle(
                tasks.map { Settlement($0.proof, .delete, batch: $0.batch) },
                now: Fixture.start
            )
            let data = try await numbers(fixture)
            #expect(data.count == 2)
            #expect(data.allSatisfy { $0.contains(#""complete":1"#) })
        }
    }

    @Test("a task that waits for a batch is not counted as due", arguments: StoreUnderTest.allCases)
    func summary(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", batch: "b"), NewTask(name: "Z", afterBatch: "b")])
            let lines = try await fixture.store.summary().lines
            #expect(lines.map(\.count) == [1, 1] && lines.map(\.due) == [1, 0])
            #expect(lines.map { $0.oldestDue == nil } == [false, true])
        }
    }
}
