import Foundation
import TaskRun
import Testing

@Suite("Batches")
struct BatchConformanceTests {
    /// Adds tasks of the batch `b`, and one named `Z` that waits for them.
    private func batch(_ fixture: Fixture, of count: Int, data: String = "{}") async throws {
        _ = try await fixture.store.add(
            (0..<count).map { _ in NewTask(name: "A", runAt: Fixture.start, batch: "b") }
                + [NewTask(name: "Z", data: data, runAt: Fixture.start, afterBatch: "b")]
        )
    }

    private func settle(
        _ fixture: Fixture,
        _ tasks: [ClaimedTask],
        _ verdict: Verdict = .delete,
        followUps: [NewTask] = []
    ) async throws {
        let results = try await fixture.store.settle(
            tasks.map { Settlement($0.proof, verdict, batch: $0.batch, followUps: followUps) },
            now: Fixture.start
        )
        #expect(results == tasks.map { _ in .settled })
    }

    private func claimZ(_ fixture: Fixture) async throws -> [ClaimedTask] {
        try await fixture.claim(["Z"], now: Fixture.start.addingTimeInterval(1))
    }

    @Test(
        "a task that waits for a batch is due when the last one has ended, with the numbers in its data",
        arguments: StoreUnderTest.allCases
    )
    func end(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await batch(fixture, of: 5, data: #"{ "to" : "boss" }"#)
            let tasks = try await fixture.claim(["A", "Z"])
            #expect(tasks.map(\.name) == ["A", "A", "A", "A", "A"])
            #expect(tasks.map(\.batch) == ["b", "b", "b", "b", "b"])
            try await settle(fixture, Array(tasks[..<2]))
            try await settle(fixture, [tasks[2]], .fail(error: "no"))
            try await settle(fixture, [tasks[3]], .cancel)
            #expect(try await claimZ(fixture).isEmpty)
            #expect(try await fixture.rows("SELECT * FROM task_batches") == ["b|2|1"])
            try await settle(fixture, [tasks[4]], .retry(after: .zero, error: "once more"))
            #expect(try await claimZ(fixture).isEmpty)
            let again = try await fixture.claim()
            #expect(again.count == 1)
            try await settle(fixture, again)
            let last = try #require(try await claimZ(fixture).first)
            #expect(
                String(decoding: last.data, as: UTF8.self)
                    == #"{ "to" : "boss" ,"batch":{"name":"b","complete":3,"failed":1,"cancelled":1}}"#
            )
            #expect(try await fixture.rows("SELECT * FROM task_batches").isEmpty)
            try await settle(fixture, [last])
            #expect(try await fixture.rows("SELECT task_name, status FROM tasks") == ["A|FAILED"])
        }
    }

    @Test("a run_at that is later still holds, and two may wait for one batch", arguments: StoreUnderTest.allCases)
    func later(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await batch(fixture, of: 1, data: "[1]")
            let later = Fixture.start.addingTimeInterval(60)
            _ = try await fixture.store.add([NewTask(name: "A", runAt: later, afterBatch: "b")])
            try await settle(fixture, try await fixture.claim())
            let now = try await claimZ(fixture)
            #expect(now.map { String(decoding: $0.data, as: UTF8.self) } == ["[1]"])
            #expect(try await fixture.claim(now: Fixture.start.addingTimeInterval(59)).isEmpty)
            #expect(try await fixture.claim(now: Fixture.start.addingTimeInterval(61)).count == 1)
        }
    }

    @Test(
        "where somebody ends the last ones at the same moment, the task is due once",
        arguments: StoreUnderTest.allCases
    )
    func atOnce(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let stores = [fixture.store, try fixture.anotherStore()]
            for round in 0..<30 {
                try await batch(fixture, of: 4)
                let tasks = try await fixture.claim()
                #expect(tasks.count == 4)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (number, store) in stores.enumerated() {
                        let mine = [tasks[number], tasks[number + 2]]
                        group.addTask {
                            for task in mine {
                                _ = try await store.settle([Settlement(task.proof, .delete, batch: "b")])
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let last = try await fixture.claim(["Z"], now: .distantFuture.addingTimeInterval(-86_400))
                #expect(last.map { String(decoding: $0.data, as: UTF8.self) }.count == 1, "round \(round)")
                #expect(last.first.map { String(decoding: $0.data, as: UTF8.self).contains(#""complete":4"#) } == true)
                _ = try await fixture.store.settle(last.map { Settlement($0.proof, .delete) })
            }
            await stores[1].close()
        }
    }

    @Test("a lost lease counts nothing", arguments: StoreUnderTest.allCases)
    func lost(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await batch(fixture, of: 2)
            let tasks = try await fixture.claim()
            let wrong = ClaimProof(id: tasks[0].id, number: tasks[0].proof.number + 1)
            let result = try await fixture.store.settle([Settlement(wrong, .delete, batch: "b")])
            #expect(result == [.leaseLost])
            try await settle(fixture, [tasks[1]])
            #expect(try await fixture.rows("SELECT * FROM task_batches") == ["b|1|0"])
        }
    }

    @Test(
        "what ended unnoticed is found: rows that were deleted by hand, a batch of none",
        arguments: StoreUnderTest.allCases
    )
    func unnoticed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await batch(fixture, of: 2)
            #expect(try await fixture.store.endBatches(after: nil, now: Fixture.start).due == 0)
            #expect(try await fixture.store.look(names: ["A", "Z"], queues: nil).hasBatch)
            try await fixture.sql("DELETE FROM tasks WHERE batch = 'b'")
            #expect(try await fixture.store.endBatches(after: nil, now: Fixture.start).due == 1)
            #expect(try await fixture.store.endBatches(after: nil, now: Fixture.start).due == 0)
            #expect(try await claimZ(fixture).count == 1)
            #expect(try await !fixture.store.look(names: ["A", "Z"], queues: nil).hasBatch)
        }
    }

    @Test("a batch that nobody waits for leaves no trace", arguments: StoreUnderTest.allCases)
    func nobody(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "batch", values: "'b'")
            try await settle(fixture, try await fixture.claim())
            #expect(try await fixture.rows("SELECT * FROM task_batches").isEmpty)
        }
    }

    @Test("a task may wait for a batch that itself waits for one", arguments: StoreUnderTest.allCases)
    func nested(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([
                NewTask(name: "A", runAt: Fixture.start, batch: "one"),
                NewTask(name: "A", runAt: Fixture.start, batch: "two", afterBatch: "one"),
                NewTask(name: "Z", runAt: Fixture.start, afterBatch: "two"),
            ])
            try await settle(fixture, try await fixture.claim())
            #expect(try await claimZ(fixture).isEmpty)
            let second = try await fixture.claim(now: Fixture.start.addingTimeInterval(1))
            #expect(second.map(\.batch) == ["two"])
            try await settle(fixture, second)
            #expect(try await claimZ(fixture).count == 1)
        }
    }

    @Test(
        "the table takes no batch without a name, and no task that waits for its own",
        arguments: StoreUnderTest.allCases
    )
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for values in [
                ("batch", "''"), ("after_batch", "'a\u{1}b'"), ("batch", "'\(String(repeating: "b", count: 201))'"),
                ("batch, after_batch", "'b', 'b'"), ("lock_key, after_batch", "'k', 'b'"),
            ] {
                await #expect(throws: (any Error).self) {
                    try await fixture.sql("INSERT INTO tasks (task_name, \(values.0)) VALUES ('A', \(values.1))")
                }
            }
            let rows = try await fixture.rows("SELECT * FROM tasks")
            #expect(rows.isEmpty)
        }
    }
}
