import Foundation
import Synchronization
import TaskRun
import Testing

/// A trigger of the application that does not let a task become due which waits for a batch.
@Suite("Batches and a trigger that refuses")
struct BatchRefusalTests {
    enum Refusal { case raises, doesNotWork, ignores }

    /// Keeps tasks named `Z` waiting.
    private func refuse(_ refusal: Refusal, _ fixture: Fixture) async throws {
        switch fixture.kind {
        case .sqlite:
            let body =
                switch refusal {
                case .raises: "SELECT RAISE(ABORT, 'not on Sundays')"
                case .doesNotWork: "INSERT INTO no_such_table VALUES (NEW.id)"
                case .ignores: "SELECT RAISE(IGNORE)"
                }
            try await fixture.sql(
                """
                CREATE TRIGGER keep BEFORE UPDATE OF after_batch ON tasks WHEN OLD.task_name = 'Z' AND NEW.after_batch IS NULL
                BEGIN \(body); END
                """
            )
        case .postgresql:
            let body =
                switch refusal {
                case .raises: "RAISE 'not on Sundays'"
                case .doesNotWork: "INSERT INTO no_such_table VALUES (NEW.id)"
                case .ignores: "RETURN NULL"
                }
            try await fixture.sql(
                """
                CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body); END $$;
                CREATE TRIGGER keep BEFORE UPDATE ON tasks FOR EACH ROW
                    WHEN (OLD.task_name = 'Z' AND OLD.after_batch IS NOT NULL AND NEW.after_batch IS NULL)
                    EXECUTE FUNCTION keep();
                """
            )
        }
    }

    private func allow(_ fixture: Fixture) async throws {
        try await fixture.sql(fixture.kind == .sqlite ? "DROP TRIGGER keep" : "DROP TRIGGER keep ON tasks")
    }

    @Test(
        "the batch's tasks are settled, others that wait for it are due, and each run says what refused",
        arguments: StoreUnderTest.allCases,
        [Refusal.raises, .ignores]
    )
    func refused(_ kind: StoreUnderTest, _ refusal: Refusal) async throws {
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.store.add([
                NewTask(name: "A", batch: "import 42"), NewTask(name: "A", batch: "import 42"),
                NewTask(name: "Z", afterBatch: "import 42"), NewTask(name: "Y", afterBatch: "import 42"),
                NewTask(name: "A", batch: "other"), NewTask(name: "Y", afterBatch: "other"),
            ])
            try await refuse(refusal, fixture)
            let data = Mutex([String]())
            let handlers = [
                ClosureHandler(), ClosureHandler("Y"),
                ClosureHandler("Z") { task, _ in
                    data.withLock { $0.append(String(decoding: task.data, as: UTF8.self)) }
                    return .succeeded()
                },
            ]
            let said = Mutex([String]())
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .trouble(let error) = event { said.withLock { $0.append("\(error)") } }
            }
            for (pid, succeeded) in [(Int32(1), 5), (2, 0)] {
                said.withLock { $0 = [] }
                let report = try await fixture.makeRun(handlers, pid: pid, observer: observer).run()
                #expect((report.succeeded, report.failed, report.leaseLost) == (succeeded, 0, 0))
                #expect(try await fixture.rows("SELECT task_name, after_batch FROM tasks") == ["Z|import 42"])
                let said = said.withLock { $0 }
                #expect(said.count == 1, "\(said)")
                #expect(said.first?.contains("task \(ids[2])") == true && said.first?.contains("\"import 42\"") == true)
                #expect(said.first?.contains(refusal == .raises ? "not on Sundays" : "trigger") == true, "\(said)")
            }
            try await allow(fixture)
            said.withLock { $0 = [] }
            #expect(try await fixture.makeRun(handlers, pid: 3, observer: observer).run().succeeded == 1)
            #expect(
                data.withLock { $0 }
                    == [#"{"batch":{"name":"import 42","complete":2,"failed":0,"cancelled":0}}"#]
            )
            #expect(handlers[0].ids == [ids[0], ids[1], ids[4]])
            #expect(said.withLock { $0 }.isEmpty)
            #expect(try await fixture.rows("SELECT * FROM task_batches").isEmpty)
        }
    }

    @Test(
        "however many batches have ended unnoticed, one run makes all their tasks due, also behind a thousand that are refused",
        arguments: StoreUnderTest.allCases,
        [0, 1200]
    )
    func many(_ kind: StoreUnderTest, refused count: Int) async throws {
        try await Fixture.with(kind) { fixture in
            let refused = (0..<count).map { NewTask(name: "Z", afterBatch: "a\(10000 + $0)") }
            let others = (0..<2500).map { NewTask(name: "Y", afterBatch: "b\(10000 + $0)") }
            _ = try await fixture.store.add(refused + others)
            try await refuse(.raises, fixture)
            let handlers = [ClosureHandler("Y"), ClosureHandler("Z")]
            let report = try await fixture.makeRun(handlers).run()
            #expect((report.succeeded, report.failed) == (2500, 0))
            #expect(try await fixture.rows("SELECT count(*) FROM tasks WHERE task_name = 'Z'") == ["\(count)"])
            #expect(try await fixture.rows("SELECT count(*) FROM tasks") == ["\(count)"])
        }
    }

    @Test("a trigger that does not work counts as one that refuses", arguments: StoreUnderTest.allCases)
    func broken(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", batch: "b"), NewTask(name: "Z", afterBatch: "b")])
            try await refuse(.doesNotWork, fixture)
            let handlers = [ClosureHandler(), ClosureHandler("Z")]
            let report = try await fixture.makeRun(handlers).run()
            #expect((report.succeeded, report.failed, report.leaseLost) == (1, 0, 0))
            let refusals = try await fixture.store.endBatches(after: nil, now: nil).refusals
            #expect(refusals.map(\.batch) == ["b"] && refusals.first?.cause.contains("no_such_table") == true)
            try await allow(fixture)
            #expect(try await fixture.makeRun(handlers, pid: 2).run().succeeded == 1)
        }
    }

    @Test("an SQL file that was the last of a batch is done all the same", arguments: StoreUnderTest.allCases)
    func script(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", batch: "b"), NewTask(name: "Z", afterBatch: "b")])
            try await refuse(.raises, fixture)
            let task = try #require(try await fixture.claim(now: .now).first)
            let outcome = try await fixture.store.perform(
                Script(sql: "INSERT INTO tasks (task_name) VALUES ('B')", values: [:]),
                settling: Settlement(task.proof, .delete, batch: "b"),
                timeLimit: .seconds(30)
            )
            #expect(outcome == .done)
            #expect(try await fixture.rows("SELECT task_name FROM tasks ORDER BY id") == ["Z", "B"])
            #expect(try await fixture.store.endBatches(after: nil, now: nil).refusals.map(\.id) == [2])
        }
    }
}
