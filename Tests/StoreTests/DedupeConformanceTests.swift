import Foundation
import TaskRun
import Testing

@Suite("Equal tasks")
struct DedupeConformanceTests {
    private static let conflict =
        "ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL"

    private static func insert(_ data: String, _ rest: String) -> String {
        let run = Fixture.moment(Fixture.start.addingTimeInterval(-10))
        return
            "INSERT INTO tasks (task_name, dedupe_key, data, run_at) VALUES ('A', 'k', '\(data)', \(run)) \(conflict) \(rest)"
    }

    @Test(
        "from plain SQL, ON CONFLICT DO NOTHING keeps the waiting one and DO UPDATE changes it",
        arguments: StoreUnderTest.allCases
    )
    func conflicts(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql(Self.insert("1", "DO NOTHING"))
            try await fixture.sql(Self.insert("2", "DO NOTHING"))
            #expect(try await fixture.rows("SELECT id, data FROM tasks") == ["1|1"])
            try await fixture.sql(Self.insert("3", "DO UPDATE SET data = excluded.data, run_at = excluded.run_at"))
            #expect(try await fixture.rows("SELECT id, data FROM tasks") == ["1|3"])
            await #expect(throws: (any Error).self) {
                try await fixture.sql(Self.insert("4", "").replacing(Self.conflict, with: ""))
            }
            // Another name is another task, and so is a FAILED one.
            try await fixture.add(name: "B", columns: "dedupe_key", values: "'k'")
            try await fixture.add(columns: "dedupe_key, status", values: "'k', 'FAILED'")
            #expect(try await fixture.value("SELECT count(*) FROM tasks") == "3")
        }
    }

    @Test("one that arrives while an equal one is PROCESSING is kept", arguments: StoreUnderTest.allCases)
    func processing(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql(Self.insert("1", "DO NOTHING"))
            let first = try #require(try await fixture.claim().first)
            try await fixture.sql(Self.insert("2", "DO NOTHING"))
            #expect(try await fixture.store.settle([Settlement(first.proof, .delete)]) == [.settled])
            #expect(try await fixture.claim().map(\.data) == [Array("2".utf8)])
        }
    }

    @Test(
        "a row that goes back to WAITING gives way where an equal one waits; the others of the batch are settled",
        arguments: StoreUnderTest.allCases,
        [Verdict.retry(after: .seconds(1), error: "x"), .release(), .release(after: .seconds(5), error: "later")]
    )
    func givesWay(_ kind: StoreUnderTest, _ verdict: Verdict) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "dedupe_key", values: "'k'")
            try await fixture.add()
            try await fixture.add(columns: "dedupe_key", values: "'other'")
            try await fixture.add()
            let tasks = try await fixture.claim()
            #expect(tasks.map(\.id) == [1, 2, 3, 4])
            try await fixture.sql(Self.insert("2", "DO NOTHING"))
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 1, crashed: 1))
            let exchange = try await fixture.store.settle(
                tasks.map { Settlement($0.proof, $0.id == 2 ? .delete : verdict) },
                thenClaim: request,
                now: Fixture.start
            )
            #expect(exchange.results == [.gaveWay, .settled, .settled, .settled])
            let ids = try await fixture.rows("SELECT id FROM tasks ORDER BY id")
            #expect(ids.count == 3 && ids.first == "3")
            #expect(try await fixture.value("SELECT data FROM tasks WHERE dedupe_key = 'k'") == "2")
            #expect(exchange.claimed.count == 1)
        }
    }

    @Test("of two equal ones that go back together the newer one stays", arguments: StoreUnderTest.allCases)
    func together(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql(Self.insert("1", "DO NOTHING"))
            let first = try await fixture.claim()
            try await fixture.sql(Self.insert("2", "DO NOTHING"))
            let second = try await fixture.claim()
            let results = try await fixture.store.settle(
                (first + second).map { Settlement($0.proof, .retry(after: .zero, error: "x")) }
            )
            #expect(results == [.gaveWay, .settled])
            #expect(try await fixture.rows("SELECT data FROM tasks") == ["2"])
        }
    }

    @Test(
        "the result of one that gave way is all its own, whatever an earlier task with its token has left",
        arguments: StoreUnderTest.allCases
    )
    func tokenAgain(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            func progress(_ done: Int, _ note: String) throws -> ProgressNote {
                ProgressNote(try #require(TaskContext.Progress(done: done, total: 4)), note: note)
            }
            try await fixture.add(name: "C", columns: "token", values: "'g'")
            let earlier = try #require(try await fixture.claim(["C"]).first)
            let record = ResultRecord(
                began: .now,
                dataHash: "hash",
                result: Array("old".utf8),
                progress: try progress(4, "done")
            )
            let end = Settlement(earlier.proof, .delete, record: record)
            #expect(try await fixture.store.settle([end]) == [.settled])
            try await fixture.add(columns: "dedupe_key, token", values: "'k', 'g'")
            let task = try #require(try await fixture.claim().first)
            try await fixture.sql(Self.insert("2", "DO NOTHING"))
            #expect(try await fixture.store.note([task.proof: try progress(1, "begun")]).isEmpty)
            let release = Settlement(task.proof, .release(), record: ResultRecord())
            #expect(try await fixture.store.settle([release]) == [.gaveWay])
            let line = """
                SELECT token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done,
                    progress_total, progress_note, data_hash, started_at
                FROM task_results
                """
            #expect(
                try await fixture.rows(line)
                    == ["g|2|A|CANCELLED|||0|gave way to a newer equal task|1|4|begun||"]
            )
        }
    }

    @Test("a lost lease gives nothing away", arguments: StoreUnderTest.allCases)
    func lost(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql(Self.insert("1", "DO NOTHING"))
            let task = try #require(try await fixture.claim().first)
            try await fixture.sql(Self.insert("2", "DO NOTHING"))
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1 WHERE id = 1")
            #expect(try await fixture.store.settle([Settlement(task.proof, .release())]) == [.leaseLost])
            #expect(try await fixture.value("SELECT count(*) FROM tasks") == "2")
        }
    }

    @Test("a row of a dead run gives way as well, and is told", arguments: StoreUnderTest.allCases)
    func recovered(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql(Self.insert("1", "DO NOTHING"))
            try await fixture.add()
            #expect(try await fixture.claim(owner: "dead").count == 2)
            try await fixture.sql(Self.insert("2", "DO NOTHING"))
            let request = RecoverRequest(isDead: { $0 == "dead" }, now: Fixture.start)
            let recovered = try await fixture.store.recover(request)
            #expect(recovered.map(\.gaveWay) == [true, false] && recovered.map(\.id) == [1, 2])
            #expect(try await fixture.rows("SELECT data FROM tasks WHERE dedupe_key = 'k'") == ["2"])
        }
    }

    @Test("what an owner does not know of gives way as well", arguments: StoreUnderTest.allCases)
    func givenBack(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql(Self.insert("1", "DO NOTHING"))
            try await fixture.add(2)
            let tasks = try await fixture.claim()
            try await fixture.sql(Self.insert("2", "DO NOTHING"))
            #expect(try await fixture.store.giveBack(owner: "me", except: [tasks[1].proof]).count == 1)
            #expect(
                try await fixture.rows("SELECT data, status FROM tasks ORDER BY id")
                    == ["{}|PROCESSING", "{}|WAITING", "2|WAITING"]
            )
        }
    }

    @Test(
        "retry leaves a FAILED row whose equal waits, and sends back one of equal ones",
        arguments: StoreUnderTest.allCases
    )
    func retry(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "dedupe_key, status", values: "'k', 'FAILED'")
            try await fixture.add(columns: "dedupe_key, status", values: "'other', 'FAILED'")
            try await fixture.add(columns: "dedupe_key", values: "'other'")
            try await fixture.add(columns: "status", values: "'FAILED'")
            let back = try await fixture.store.retry(.all)
            #expect(back.count == 2 && back.last == 5 && back.first ?? 9 < 3)
            #expect(try await fixture.value("SELECT count(*) FROM tasks WHERE status = 'FAILED'") == "2")
            #expect(try await fixture.store.retry(.ids([1, 2, 3])).isEmpty)
        }
    }

    @Test("add returns the number of the equal one that waits", arguments: StoreUnderTest.allCases)
    func add(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let task = NewTask(name: "A", dedupeKey: "k")
            let added = try await fixture.store.addEach([
                task, NewTask(name: "B"), task, NewTask(name: "B", dedupeKey: "k"),
            ])
            #expect(added.map(\.isNew) == [true, true, false, true])
            #expect(added[2].id == added[0].id)
            #expect(try await fixture.store.add([task]) == [added[0].id])
            #expect(try await fixture.value("SELECT count(*) FROM tasks") == "3")
        }
    }

    @Test("a source's tasks are passed over where an equal one waits, and counted", arguments: StoreUnderTest.allCases)
    func bulk(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", dedupeKey: "k1")])
            let tasks = (0..<3000).map { number in
                NewTask(name: "A", dedupeKey: number % 3 == 0 ? nil : "k\(number % 1000)", lockKey: "l\(number % 7)")
            }
            let source = ListedTasks(tasks)
            #expect(try await fixture.store.add(from: source))
            let count = try await fixture.value("SELECT count(*) FROM tasks").flatMap { Int($0) }
            // 1,000 have no key; 1,000 keys are there, of which one waits already.
            #expect(count == 1000 + Set(tasks.compactMap(\.dedupeKey)).count)
            #expect(source.added.count == (count ?? 0) - 1)
            #expect(source.notNeededCount == 3000 - source.added.count)
            #expect(Set(source.added.map(\.id)).count == source.added.count)
        }
    }

    @Test("a key is 1 to 200 characters without control characters", arguments: StoreUnderTest.allCases)
    func checks(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for key in ["", String(repeating: "k", count: 201), "a\u{7}b", "a\u{85}b"] {
                for task in [NewTask(name: "A", dedupeKey: key), NewTask(name: "A", lockKey: key)] {
                    let error = await #expect(throws: StoreError.self) { try await fixture.store.add([task]) }
                    #expect(error?.code == .refused)
                }
            }
            let key = String(repeating: "ä", count: 200)
            let id = try #require(try await fixture.store.add([NewTask(name: "A", dedupeKey: key, lockKey: key)]).first)
            let row = try #require(try await fixture.store.show(id))
            #expect(row.dedupeKey == key && row.lockKey == key)
        }
    }

    @Test("a run reports what gave way in the middle of a retry", arguments: StoreUnderTest.allCases)
    func run(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let first = NewTask(name: "A", data: "1", dedupeKey: "k")
            _ = try await fixture.store.add([first])
            let other = try fixture.anotherStore()
            let handler = ClosureHandler { task, _ in
                guard String(decoding: task.data, as: UTF8.self) == "1" else { return .succeeded() }
                _ = try? await other.add([NewTask(name: "A", data: "2", dedupeKey: "k")])
                return .failed(error: "old data")
            }
            let report = try await fixture.makeRun([handler]) { $0.limit = 1 }.run()
            #expect((report.gaveWay, report.succeeded, report.retried) == (1, 0, 0))
            #expect(try await fixture.rows("SELECT data FROM tasks") == ["2"])
            await other.close()
        }
    }
}
