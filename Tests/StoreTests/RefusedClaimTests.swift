import Foundation
import Synchronization
import TaskRun
import Testing

/// Rows that the table does not let be claimed: all others are performed.
@Suite("Rows that no claim may touch")
struct RefusedClaimTests {
    /// How the rows 3, 4 and 17 are kept from being claimed.
    enum Keeper: String, CaseIterable, CustomTestStringConvertible {
        case constraint = "a constraint that was added over them"
        case error = "a trigger raises an error"
        case silence = "a trigger skips the UPDATE"
        case undoing = "a trigger undoes the whole transaction"
        case atCommit = "a trigger raises an error at the COMMIT"
        case held = "another transaction holds what a trigger needs"
        case slow = "a trigger takes longer than a statement may"
        case corrupt = "their bytes are not what they should be"
        case keptStatus = "a trigger keeps the status as it was"
        case keptOwner = "a trigger keeps the owner as it was"
        case putBack = "a trigger puts the row back once the UPDATE has ended"

        var testDescription: String { rawValue }

        /// nil where this database has no such thing.
        func sql(_ kind: StoreUnderTest) -> String? {
            let trigger = { (body: String) in
                kind == .sqlite
                    ? "CREATE TRIGGER keeper BEFORE UPDATE ON tasks WHEN OLD.id IN (3, 4, 17) BEGIN \(body); END"
                    : """
                    CREATE FUNCTION keeper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body); RETURN NEW; END $$;
                    CREATE TRIGGER keeper BEFORE UPDATE ON tasks FOR EACH ROW WHEN (OLD.id IN (3, 4, 17))
                        EXECUTE FUNCTION keeper();
                    """
            }
            let putBack = "UPDATE tasks SET status = 'WAITING' WHERE id = NEW.id"
            switch (self, kind) {
            case (.keptStatus, .sqlite), (.keptOwner, .sqlite): return nil
            case (.keptStatus, .postgresql): return trigger("NEW.status := OLD.status")
            case (.keptOwner, .postgresql): return trigger("NEW.lease_owner := OLD.lease_owner")
            case (.putBack, .sqlite):
                return """
                    CREATE TRIGGER keeper AFTER UPDATE ON tasks WHEN OLD.id IN (3, 4, 17) AND NEW.status = 'PROCESSING'
                    BEGIN \(putBack); END
                    """
            case (.putBack, .postgresql):
                return """
                    CREATE FUNCTION keeper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(putBack); RETURN NEW; END $$;
                    CREATE TRIGGER keeper AFTER UPDATE ON tasks FOR EACH ROW
                        WHEN (OLD.id IN (3, 4, 17) AND NEW.status = 'PROCESSING') EXECUTE FUNCTION keeper();
                    """
            case (.constraint, .postgresql):
                return """
                    ALTER TABLE tasks ADD COLUMN tenant integer;
                    UPDATE tasks SET tenant = 1 WHERE id NOT IN (3, 4, 17);
                    ALTER TABLE tasks ADD CONSTRAINT has_tenant CHECK (tenant IS NOT NULL) NOT VALID;
                    """
            case (.constraint, .sqlite): return nil
            case (.error, .sqlite): return trigger("SELECT RAISE(FAIL, 'kept')")
            case (.error, .postgresql): return trigger("RAISE 'kept'")
            case (.silence, .sqlite): return trigger("SELECT RAISE(IGNORE)")
            case (.silence, .postgresql): return trigger("RETURN NULL")
            case (.undoing, .sqlite): return trigger("SELECT RAISE(ROLLBACK, 'kept')")
            case (.undoing, .postgresql): return nil
            case (.held, .sqlite), (.slow, .sqlite), (.corrupt, .sqlite): return nil
            case (.held, .postgresql): return trigger("RAISE 'kept' USING ERRCODE = '55P03'")
            case (.slow, .postgresql): return trigger("PERFORM pg_sleep(60)")
            case (.corrupt, .postgresql): return trigger("RAISE 'kept' USING ERRCODE = 'XX001'")
            case (.atCommit, .sqlite): return nil
            case (.atCommit, .postgresql):
                return """
                    CREATE FUNCTION keeper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$;
                    CREATE CONSTRAINT TRIGGER keeper AFTER UPDATE ON tasks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                        WHEN (OLD.id IN (3, 4, 17)) EXECUTE FUNCTION keeper();
                    """
            }
        }
    }

    @Test(
        "they are named once each and passed over, and the others are performed",
        arguments: StoreUnderTest.allCases,
        Keeper.allCases
    )
    func passedOver(_ kind: StoreUnderTest, _ keeper: Keeper) async throws {
        guard let sql = keeper.sql(kind) else { return }
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.due(40)
            try await fixture.sql(sql)
            let handler = ClosureHandler()
            let told = Mutex<[StoreError]>([])
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .trouble(let error) = event { told.withLock { $0.append(error) } }
            }
            let report = try await fixture.makeRun([handler], observer: observer).run()
            #expect(handler.ids == ids.filter { ![3, 4, 17].contains($0) })
            #expect((report.succeeded, report.leaseLost, report.stuck) == (37, 0, 0))
            let words = told.withLock { $0.map(\.description).sorted() }
            #expect(words.count == 3, "\(words)")
            for id in [3, 4, 17] { #expect(words.contains { $0.contains("task \(id) ") }, "\(words)") }
            #expect(try await fixture.rows("SELECT id FROM tasks WHERE attempts = 0 ORDER BY id") == ["3", "4", "17"])
        }
    }

    @Test("one that has a lock key does not keep others of its key waiting", arguments: StoreUnderTest.allCases)
    func lockKey(_ kind: StoreUnderTest) async throws {
        guard let sql = Keeper.error.sql(kind) else { return }
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.store.add((0..<20).map { _ in NewTask(name: "A", lockKey: "k") })
            try await fixture.sql(sql)
            let handler = ClosureHandler()
            for pid in 1...2 as ClosedRange<Int32> { _ = try await fixture.makeRun([handler], pid: pid).run() }
            #expect(handler.ids.allSatisfy { ![3, 4, 17].contains($0) })
            #expect(Set(handler.ids).count == handler.ids.count)
            #expect(handler.ids.starts(with: ids.prefix(2)))
        }
    }

    @Test(
        "one that has expired does not keep others from it, or from being claimed",
        arguments: StoreUnderTest.allCases
    )
    func expired(_ kind: StoreUnderTest) async throws {
        guard let sql = Keeper.error.sql(kind) else { return }
        try await Fixture.with(kind) { fixture in
            let late = NewTask(name: "A", expiresAt: Date(timeIntervalSince1970: 1_577_836_800))
            _ = try await fixture.store.add((0..<5).map { _ in late })
            let ids = try await fixture.due(5)
            try await fixture.sql(sql)
            let handler = ClosureHandler()
            let report = try await fixture.makeRun([handler]).run()
            #expect(handler.ids == ids)
            #expect(report.expired == 3)
            #expect(try await fixture.rows("SELECT id FROM tasks WHERE status = 'WAITING' ORDER BY id") == ["3", "4"])
        }
    }

    /// What lets only one task of a tenant be at work.
    enum OneAtATime: String, CaseIterable, CustomTestStringConvertible {
        case index = "a unique index"
        case trigger = "a trigger"

        var testDescription: String { rawValue }

        func sql(_ kind: StoreUnderTest) -> String {
            switch (self, kind) {
            case (.index, _): return "CREATE UNIQUE INDEX one_at_a_time ON tasks (tenant) WHERE status = 'PROCESSING'"
            case (.trigger, .sqlite):
                return """
                    CREATE TRIGGER one_at_a_time BEFORE UPDATE ON tasks
                    WHEN NEW.status = 'PROCESSING' AND OLD.status = 'WAITING'
                        AND EXISTS (SELECT 1 FROM tasks WHERE tenant = NEW.tenant AND status = 'PROCESSING' AND id <> NEW.id)
                    BEGIN SELECT RAISE(ABORT, 'another one is at work'); END
                    """
            case (.trigger, .postgresql):
                return """
                    CREATE FUNCTION one_at_a_time() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        IF EXISTS (SELECT FROM tasks WHERE tenant = NEW.tenant AND status = 'PROCESSING' AND id <> NEW.id) THEN
                            RAISE 'another one is at work';
                        END IF;
                        RETURN NEW;
                    END $$;
                    CREATE TRIGGER one_at_a_time BEFORE UPDATE ON tasks FOR EACH ROW
                        WHEN (NEW.status = 'PROCESSING' AND OLD.status = 'WAITING') EXECUTE FUNCTION one_at_a_time();
                    """
            }
        }
    }

    @Test(
        "tasks of which the table lets one at a time be at work are performed one after the other, in one run",
        arguments: StoreUnderTest.allCases,
        [(OneAtATime.index, false), (.index, true), (.trigger, false), (.trigger, true)]
    )
    func oneAtATime(_ kind: StoreUnderTest, _ way: (OneAtATime, Bool)) async throws {
        let (keeper, isLimited) = way
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.due(6)
            try await fixture.sql("ALTER TABLE tasks ADD COLUMN tenant text")
            try await fixture.sql("UPDATE tasks SET tenant = 'a'")
            let others = try await fixture.due(6, name: "B")
            try await fixture.sql(keeper.sql(kind))
            // Then a run asks for the names one after the other.
            if isLimited {
                try await fixture.store.setLimit(TaskLimit(.name("A"), running: 5))
                try await fixture.store.setLimit(TaskLimit(.name("C"), running: 1))
            }
            let handler = ClosureHandler { _, _ in
                try? await Task.sleep(for: .milliseconds(5))
                return .succeeded()
            }
            let free = ClosureHandler("B")
            let troubles = Mutex<[String]>([])
            let report = try await fixture.makeRun([handler, free, ClosureHandler("C")], { $0.concurrency = 8 }) {
                event in
                switch event {
                case .trouble(let error), .held(let error): troubles.withLock { $0.append("\(error)") }
                default: break
                }
            }.run()
            #expect(troubles.withLock { $0 } == [])
            #expect(report.succeeded == 12)
            #expect(Set(handler.ids) == Set(ids))
            #expect(Set(free.ids) == Set(others))
            #expect(handler.mostAtOnce == 1)
        }
    }

    @Test(
        "a task that a unique index keeps from being claimed is said once, and the others are performed",
        arguments: StoreUnderTest.allCases
    )
    func keptByAnother(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("ALTER TABLE tasks ADD COLUMN tenant text")
            let other = try await fixture.due(1, name: "OTHER")
            try await fixture.sql("UPDATE tasks SET tenant = 'a', status = 'FAILED'")
            let ids = try await fixture.due(3)
            try await fixture.sql("UPDATE tasks SET tenant = 'a' WHERE id = \(ids[1])")
            try await fixture.sql("CREATE UNIQUE INDEX one ON tasks (tenant) WHERE status IN ('PROCESSING', 'FAILED')")
            let troubles = Mutex<[String]>([])
            let handler = ClosureHandler()
            async let report = fixture.makeRun([handler], { $0.concurrency = 1 }) { event in
                if case .held(let error) = event { troubles.withLock { $0.append("\(error)") } }
            }.run()
            try await eventually("it is said") { !troubles.withLock { $0.isEmpty } }
            #expect(handler.ids == [ids[0], ids[2]])
            try await fixture.sql("DELETE FROM tasks WHERE id = \(other[0])")
            #expect(try await report.succeeded == 3)
            #expect(troubles.withLock { $0.count } == 1)
            #expect(troubles.withLock { $0[0] }.contains("tenant") || troubles.withLock { $0[0] }.contains("one"))
        }
    }
}
