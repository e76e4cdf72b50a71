import Foundation
import TaskRun
import Testing

@Suite("Results")
struct ResultConformanceTests {
    private static let columns = "token, task_id, task_name, state, result, result_size, error"

    /// Claims the only task, which has the token `t`.
    private func claimed(_ fixture: Fixture) async throws -> ClaimedTask {
        try await fixture.add(columns: "token", values: "'t'")
        let task = try #require(try await fixture.claim().first)
        #expect(task.token == "t" && !task.isCancelRequested)
        return task
    }

    @Test("a task with a token leaves its end in the transaction that settles it", arguments: StoreUnderTest.allCases)
    func complete(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await claimed(fixture)
            let began = ContinuousClock.now - .seconds(2)
            let record = ResultRecord(keep: .seconds(100), began: began, dataHash: "h", result: Array("dör".utf8))
            _ = try await fixture.store.settle([Settlement(task.proof, .delete, record: record)], now: Fixture.start)
            #expect(try await fixture.rows("SELECT \(Self.columns) FROM task_results") == ["t|1|A|COMPLETE|dör|4|"])
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
            let state = try #require(try await fixture.store.states(of: ["t", "unknown"]).first)
            #expect((state.state, state.result, state.id) == (.complete, Array("dör".utf8), 1))
            #expect(state.finishedAt == Fixture.start && state.expiresAt == Fixture.start + 100)
            let took = Fixture.start.timeIntervalSince(try #require(state.startedAt))
            #expect(took >= 2 && took < 60)
        }
    }

    @Test("a result may be any bytes", arguments: StoreUnderTest.allCases)
    func bytes(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for bytes in [[], [0], [0xff, 0, 0xfe], Array("a'\"\\,{}\n日".utf8), (0...255).map { UInt8($0) }] {
                let task = try await claimed(fixture)
                let record = ResultRecord(result: bytes)
                #expect(
                    try await fixture.store.settle([Settlement(task.proof, .delete, record: record)]) == [.settled]
                )
                #expect(try await fixture.store.states(of: ["t"]).first?.result == bytes)
            }
        }
    }

    @Test("a result of 16 MiB is kept whole, as text and as bytes", arguments: StoreUnderTest.allCases)
    func large(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for byte in [UInt8(ascii: "x"), 0xff] {
                let task = try await claimed(fixture)
                let bytes = [UInt8](repeating: byte, count: 16 << 20)
                _ = try await fixture.store.settle([
                    Settlement(task.proof, .delete, record: ResultRecord(result: bytes))
                ])
                #expect(try await fixture.store.states(of: ["t"]).first?.result == bytes)
            }
        }
    }

    @Test("a FAILED task stays, and its token says why", arguments: StoreUnderTest.allCases)
    func failed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await claimed(fixture)
            let settlement = Settlement(task.proof, .fail(error: "bad"), record: ResultRecord())
            _ = try await fixture.store.settle([settlement])
            #expect(try await fixture.rows("SELECT \(Self.columns) FROM task_results") == ["t|1|A|FAILED||0|bad"])
            let state = try #require(try await fixture.store.states(of: ["t"]).first)
            #expect((state.state, state.error) == (.failed, "bad") && state.finishedAt != nil)
            // Sent back, it is WAITING again.
            #expect(try await fixture.store.retry(.all) == [1])
            try await fixture.expect("SELECT count(*) FROM task_results", "0")
            #expect(try await fixture.store.states(of: ["t"]).first?.state == .waiting)
        }
    }

    @Test(
        "a lost lease leaves no result",
        arguments: StoreUnderTest.allCases,
        [Verdict.delete, .fail(error: "x"), .cancel]
    )
    func lost(_ kind: StoreUnderTest, _ verdict: Verdict) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await claimed(fixture)
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1")
            let settlement = Settlement(task.proof, verdict, record: ResultRecord())
            #expect(try await fixture.store.settle([settlement]) == [.leaseLost])
            try await fixture.expect("SELECT count(*) FROM task_results", "0")
        }
    }

    @Test("a retry and a release leave no result", arguments: StoreUnderTest.allCases)
    func goesOn(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for verdict in [Verdict.retry(after: .zero, error: "x"), .release()] {
                try await fixture.sql("DELETE FROM tasks")
                let task = try await claimed(fixture)
                let settlement = Settlement(task.proof, verdict, record: ResultRecord())
                #expect(try await fixture.store.settle([settlement]) == [.settled])
                try await fixture.expect("SELECT count(*) FROM task_results", "0")
                #expect(try await fixture.store.states(of: ["t"]).first?.state == .waiting)
            }
        }
    }

    @Test("tasks without a token leave nothing", arguments: StoreUnderTest.allCases)
    func plain(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2)
            let tasks = try await fixture.claim()
            #expect(tasks.map(\.token) == [nil, nil])
            _ = try await fixture.store.settle(tasks.map { Settlement($0.proof, .delete) })
            try await fixture.expect("SELECT count(*) FROM task_results", "0")
        }
    }

    @Test("a later task with the same token puts its result in the place", arguments: StoreUnderTest.allCases)
    func again(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for text in ["one", "two"] {
                let task = try await claimed(fixture)
                // While the task is there, it goes before the earlier one's result.
                #expect(try await fixture.store.states(of: ["t"]).first?.state == .running)
                let record = ResultRecord(result: Array(text.utf8))
                _ = try await fixture.store.settle([Settlement(task.proof, .delete, record: record)])
            }
            #expect(try await fixture.rows("SELECT result FROM task_results") == ["two"])
        }
    }

    @Test(
        "a token is one task's, of 1 to 200 characters, without control characters",
        arguments: StoreUnderTest.allCases
    )
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", token: "日" + String(repeating: "x", count: 199))])
            _ = try await fixture.store.add([NewTask(name: "A", token: "t")])
            let million = String(repeating: "x", count: 1_000_000)
            for token in ["t", "", million, String(repeating: "x", count: 201), "a\nb", "a\u{7f}", "a\u{85}", "a\0b"] {
                let error = await #expect(throws: StoreError.self) {
                    try await fixture.store.add([NewTask(name: "A"), NewTask(name: "A", token: token)])
                }
                #expect(error?.code == .refused)
            }
            try await fixture.expect("SELECT count(*) FROM tasks", "2")
        }
    }

    @Test("a task that crashes too often says FAILED by its token", arguments: StoreUnderTest.allCases)
    func crashed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "token, crashes", values: "'t', 1")
            _ = try await fixture.claim()
            let later = Fixture.start + 400
            let taken = try await fixture.store.recover(RecoverRequest(crashLimit: 2, now: later))
            #expect(taken.map(\.status) == [.failed])
            let state = try #require(try await fixture.store.states(of: ["t"]).first)
            #expect(state.state == .failed && state.error?.contains("died while it held this task") == true)
            #expect(state.expiresAt == later + 86_400)
        }
    }

    @Test("an SQL file leaves the result in its own transaction, or no trace", arguments: StoreUnderTest.allCases)
    func script(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("CREATE TABLE work (id integer)")
            for sql in ["INSERT INTO nowhere VALUES (1)", "INSERT INTO work VALUES (1)"] {
                try await fixture.sql("DELETE FROM tasks")
                try await fixture.add(columns: "token", values: "'t'")
                let task = try #require(try await fixture.claim().first)
                let outcome = try await fixture.store.perform(
                    Script(sql: sql, values: [:]),
                    settling: Settlement(task.proof, .delete, record: ResultRecord()),
                    timeLimit: .seconds(60)
                )
                let isDone = outcome == .done
                #expect(isDone == sql.contains("work"))
                try await fixture.expect(
                    "SELECT count(*) FROM task_results WHERE state = 'COMPLETE'",
                    isDone ? "1" : "0"
                )
            }
        }
    }

    @Test(
        "results whose time is over go, a bounded number at once, and are found no more",
        arguments: StoreUnderTest.allCases
    )
    func prune(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for (number, days) in [-1, -2, -3, 1].enumerated() {
                let moment = Fixture.moment(Date() + Double(days) * 86_400)
                try await fixture.sql(
                    """
                    INSERT INTO task_results (token, task_id, task_name, state, created_at, finished_at, expires_at)
                    VALUES ('t\(number)', 1, 'A', 'COMPLETE', \(moment), \(moment), \(moment))
                    """
                )
            }
            #expect(try await fixture.store.states(of: ["t0", "t3"]).map(\.token) == ["t3"])
            #expect(try await fixture.store.look(names: ["A"], queues: nil).holdsExpired)
            #expect(try await fixture.store.prune(limit: 2, now: nil) == 2)
            #expect(try await fixture.rows("SELECT token FROM task_results ORDER BY token") == ["t0", "t3"])
            // The run does it too, and also one that has nothing else to do.
            _ = try await fixture.makeRun([ClosureHandler()]).run()
            #expect(try await fixture.rows("SELECT token FROM task_results") == ["t3"])
            #expect(try await !fixture.store.look(names: ["A"], queues: nil).holdsExpired)
        }
    }

    @Test(
        "a run removes a thousand results whose time is over, and twice as many as it has performed",
        arguments: StoreUnderTest.allCases
    )
    func pruneMany(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let moment = Fixture.moment(Date() - 86_400)
            try await fixture.sql(
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3300)
                INSERT INTO task_results (token, task_id, task_name, state, created_at, finished_at, expires_at)
                SELECT 't' || i, 1, 'A', 'COMPLETE', \(moment), \(moment), \(moment) FROM n
                """
            )
            _ = try await fixture.makeRun([ClosureHandler()]).run()
            try await fixture.expect("SELECT count(*) FROM task_results", "2300")
            try await fixture.due(1_100)
            #expect(try await fixture.makeRun([ClosureHandler()]).run().succeeded == 1_100)
            try await fixture.expect("SELECT count(*) FROM task_results", "100")
        }
    }

    @Test("an equal task's result is found by name, payload and age", arguments: StoreUnderTest.allCases)
    func reuse(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let task = try await claimed(fixture)
            _ = try await fixture.store.settle([
                Settlement(task.proof, .delete, record: ResultRecord(dataHash: "h"))
            ])
            #expect(try await fixture.store.reusable(name: "A", dataHash: "h", within: .seconds(60)) == "t")
            #expect(try await fixture.store.reusable(name: "B", dataHash: "h", within: .seconds(60)) == nil)
            #expect(try await fixture.store.reusable(name: "A", dataHash: "i", within: .seconds(60)) == nil)
            let old = Fixture.moment(Date() - 61)
            try await fixture.sql("UPDATE task_results SET finished_at = \(old)")
            #expect(try await fixture.store.reusable(name: "A", dataHash: "h", within: .seconds(60)) == nil)
        }
    }
}
