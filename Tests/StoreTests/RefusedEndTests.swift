import Foundation
import Synchronization
import TaskRun
import Testing

/// Ends that the database refuses: each is written in the best form that it takes, and the task is never performed again because of it.
@Suite("Ends that the database refuses")
struct RefusedEndTests {
    /// Lets the application keep rows, by a trigger before or behind the DELETE.
    enum Keeper: String, CaseIterable, CustomTestStringConvertible {
        case reference = "a row of another table refers to it"
        case deferredReference = "a row of another table refers to it, as is seen at the COMMIT"
        case error = "a trigger raises an error"
        case silence = "a trigger skips the DELETE"
        case broken = "a trigger does not work"
        case atCommit = "a trigger raises an error at the COMMIT"
        case undoing = "a trigger undoes the whole transaction"
        case slow = "a trigger takes longer than a statement may"
        case conflict = "a trigger stands in another transaction's way each time"

        var testDescription: String { rawValue }

        /// The SQL by which row 2 stays; nil where this database has no such thing.
        func sql(_ kind: StoreUnderTest) -> String? {
            let reference = { (more: String) in
                """
                CREATE TABLE orders (id integer PRIMARY KEY, task_id bigint REFERENCES tasks (id)\(more));
                INSERT INTO orders VALUES (1, 2);
                """
            }
            let trigger = { (body: String) in
                kind == .sqlite
                    ? "CREATE TRIGGER keeper BEFORE DELETE ON tasks WHEN OLD.id = 2 BEGIN \(body); END"
                    : """
                    CREATE FUNCTION keeper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body); RETURN OLD; END $$;
                    CREATE TRIGGER keeper BEFORE DELETE ON tasks FOR EACH ROW WHEN (OLD.id = 2) EXECUTE FUNCTION keeper();
                    """
            }
            switch (self, kind) {
            case (.reference, _): return reference("")
            case (.deferredReference, _): return reference(" DEFERRABLE INITIALLY DEFERRED")
            case (.error, .sqlite): return trigger("SELECT RAISE(ABORT, 'kept')")
            case (.error, .postgresql): return trigger("RAISE 'kept'")
            case (.silence, .sqlite): return trigger("SELECT RAISE(IGNORE)")
            case (.silence, .postgresql): return trigger("RETURN NULL")
            // SQLite finds it out before it looks at a row, so it keeps all of them.
            case (.broken, .sqlite): return nil
            case (.broken, .postgresql): return trigger("INSERT INTO no_such_table VALUES (1)")
            case (.atCommit, .sqlite): return nil
            case (.atCommit, .postgresql):
                return trigger("RETURN OLD").replacingOccurrences(
                    of: "CREATE TRIGGER keeper BEFORE DELETE ON tasks",
                    with: "CREATE CONSTRAINT TRIGGER keeper AFTER DELETE ON tasks DEFERRABLE INITIALLY DEFERRED"
                ).replacingOccurrences(of: "BEGIN RETURN OLD;", with: "BEGIN RAISE 'kept';")
            case (.undoing, .sqlite): return trigger("SELECT RAISE(ROLLBACK, 'kept')")
            case (.undoing, .postgresql): return nil
            case (.slow, .sqlite), (.conflict, .sqlite): return nil
            case (.slow, .postgresql): return trigger("RAISE 'kept' USING ERRCODE = '57014'")
            case (.conflict, .postgresql): return trigger("RAISE 'kept' USING ERRCODE = '40001'")
            }
        }
    }

    @Test(
        "a task whose row cannot be deleted is FAILED with the database's words, and not performed again",
        arguments: StoreUnderTest.allCases,
        Keeper.allCases
    )
    func kept(_ kind: StoreUnderTest, _ keeper: Keeper) async throws {
        guard let sql = keeper.sql(kind) else { return }
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.due(5)
            try await fixture.sql(sql)
            let handler = ClosureHandler()
            let report = try await fixture.makeRun([handler]).run()
            #expect((report.succeeded, report.failed, report.leaseLost, report.stuck) == (4, 1, 0, 0))
            let row = try #require(try await fixture.store.show(2))
            #expect(row.status == .failed && row.crashes == 0)
            #expect(
                row.lastError?.hasPrefix("performed, but its row cannot be deleted: ") == true,
                "\(row.lastError ?? "")"
            )
            _ = try await fixture.makeRun([handler], pid: 2).run()
            #expect(handler.ids == ids)
            try await fixture.expect("SELECT count(*) FROM tasks", "1")
        }
    }

    /// Refuses to let row 2 go and to make it FAILED.
    private func refuseEverything(_ fixture: Fixture) async throws {
        switch fixture.kind {
        case .sqlite:
            try await fixture.sql(
                """
                CREATE TRIGGER keep BEFORE DELETE ON tasks WHEN OLD.id = 2 BEGIN SELECT RAISE(ABORT, 'kept'); END;
                CREATE TRIGGER keep_open BEFORE UPDATE ON tasks WHEN OLD.id = 2 AND NEW.status = 'FAILED'
                BEGIN SELECT RAISE(ABORT, 'kept open'); END;
                """
            )
        case .postgresql:
            try await fixture.refuse(deletionOf: 2)
            try await fixture.sql(
                """
                CREATE TRIGGER keep_open BEFORE UPDATE ON tasks FOR EACH ROW
                    WHEN (OLD.id = 2 AND NEW.status = 'FAILED') EXECUTE FUNCTION keep();
                """
            )
        }
    }

    @Test(
        "where nothing at all can be written the run says so, the next ones leave the row alone, and delete it once they can",
        arguments: StoreUnderTest.allCases
    )
    func stuck(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.due(5)
            try await refuseEverything(fixture)
            let handler = ClosureHandler()
            let told = Mutex<[StoreError]>([])
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .trouble(let error) = event { told.withLock { $0.append(error) } }
            }
            let report = try await fixture.makeRun([handler], observer: observer).run()
            #expect((report.succeeded, report.failed, report.leaseLost, report.stuck) == (4, 0, 0, 1))
            #expect(told.withLock { $0.count } == 1)
            #expect(told.withLock { $0.first?.description.contains("task 2 A") } == true)
            // As if its lease had ended: another machine sees no more than that.
            try await fixture.sql("UPDATE tasks SET lease_expires_at = '2020-01-01 00:00:00'")
            let next = try await fixture.makeRun([handler], pid: 2).run()
            #expect((next.recovered, next.claimed, next.stuck) == (0, 0, 0))
            try await fixture.expect("SELECT status FROM tasks WHERE crashes = 0", "PROCESSING")
            try await fixture.sql(kind == .sqlite ? "DROP TRIGGER keep" : "DROP TRIGGER keep ON tasks")
            _ = try await fixture.makeRun([handler], pid: 3).run()
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
            try await fixture.expect("SELECT count(*) FROM task_stuck", "0")
            #expect(handler.ids == ids)
        }
    }

    @Test("a result that is refused does not keep its task", arguments: StoreUnderTest.allCases)
    func results(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", token: "one"), NewTask(name: "A", token: "two")])
            switch kind {
            case .sqlite:
                try await fixture.sql(
                    """
                    CREATE TRIGGER small BEFORE INSERT ON task_results WHEN NEW.token = 'one' AND NEW.result IS NOT NULL
                    BEGIN SELECT RAISE(ABORT, 'too large'); END
                    """
                )
            case .postgresql:
                try await fixture.sql(
                    "ALTER TABLE task_results ADD CHECK (token <> 'one' OR result IS NULL AND result_bytes IS NULL)"
                )
            }
            let handler = ClosureHandler { _, _ in .succeeded(result: Array("5 €".utf8)) }
            let told = Mutex<[String]>([])
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .trouble(let error) = event { told.withLock { $0.append(error.description) } }
            }
            let report = try await fixture.makeRun([handler], observer: observer).run()
            #expect((report.succeeded, report.failed) == (2, 0))
            let words = told.withLock { $0 }
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
            let states = try await fixture.store.states(of: ["one", "two"])
            #expect(states.map(\.state) == [.complete, .complete])
            #expect(states.last?.result == Array("5 €".utf8))
            // SQLite takes it as bytes, and there is nothing to say.
            let isKept = states.first?.result == Array("5 €".utf8)
            #expect(words.count == (isKept ? 0 : 1), "\(words)")
            #expect(words.allSatisfy { $0.contains("the result of task 1 A") }, "\(words)")
        }
    }

    @Test(
        "results of which no line can be kept are said once each, up to a few, and the run goes on",
        arguments: StoreUnderTest.allCases
    )
    func noLine(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add((0..<30).map { NewTask(name: "A", token: "t\($0)") })
            switch kind {
            case .sqlite:
                try await fixture.sql(
                    """
                    CREATE TRIGGER none BEFORE INSERT ON task_results WHEN NEW.task_id <> 7
                    BEGIN SELECT RAISE(ABORT, 'no results here'); END
                    """
                )
            case .postgresql: try await fixture.sql("ALTER TABLE task_results ADD CONSTRAINT none CHECK (task_id = 7)")
            }
            let told = Mutex<[String]>([])
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .trouble(let error) = event { told.withLock { $0.append(error.description) } }
            }
            let report = try await fixture.makeRun([ClosureHandler()], observer: observer).run()
            #expect((report.succeeded, report.failed, report.trouble) == (30, 0, nil))
            let words = told.withLock { $0 }
            #expect(words.count == 10 && Set(words).count == 10, "\(words)")
            let cause = kind == .sqlite ? "no results here" : "none"
            #expect(
                words.allSatisfy { $0.contains("cannot keep the result of task ") && $0.contains(cause) },
                "\(words)"
            )
            #expect(words.last?.contains("are not reported") == true)
        }
    }

    @Test("an SQL file whose row stays is undone, and that is no lost lease", arguments: StoreUnderTest.allCases)
    func script(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            try await fixture.sql("CREATE TABLE done (id integer)")
            let task = try #require(try await fixture.claim(now: .now).first)
            try await fixture.sql(
                Keeper.silence.sql(kind)?.replacingOccurrences(of: "OLD.id = 2", with: "OLD.id = 1") ?? ""
            )
            let outcome = try await fixture.store.perform(
                Script(sql: "INSERT INTO done VALUES (1)", values: [:]),
                settling: task.proof,
                timeLimit: .seconds(60)
            )
            guard case .failed(let error) = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(error.contains("cannot be deleted"))
            try await fixture.expect("SELECT count(*) FROM done", "0")
        }
    }

    @Test("a row that cannot be taken over keeps no other one from that", arguments: StoreUnderTest.allCases)
    func recover(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.due(5)
            _ = try await fixture.claim(now: .now)
            switch kind {
            case .sqlite:
                try await fixture.sql(
                    """
                    CREATE TRIGGER mine BEFORE UPDATE ON tasks WHEN OLD.id = 3 AND NEW.status = 'WAITING'
                    BEGIN SELECT RAISE(ABORT, 'mine'); END
                    """
                )
            case .postgresql:
                try await fixture.sql(
                    """
                    CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'mine'; END $$;
                    CREATE TRIGGER mine BEFORE UPDATE ON tasks FOR EACH ROW
                        WHEN (OLD.id = 3 AND NEW.status = 'WAITING') EXECUTE FUNCTION mine();
                    """
                )
            }
            let refused = Mutex<[Int64]>([])
            var request = RecoverRequest(isDead: { _ in true })
            request.refused = { id, cause in
                #expect(cause.contains("mine"))
                refused.withLock { $0.append(id) }
            }
            let taken = try await fixture.store.recover(request)
            #expect(taken.map(\.id) == ids.filter { $0 != 3 })
            #expect(refused.withLock { $0 } == [3])
            try await fixture.expect("SELECT id FROM tasks WHERE status = 'PROCESSING'", "3")
        }
    }
}
