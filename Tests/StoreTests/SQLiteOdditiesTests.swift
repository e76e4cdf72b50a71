import Foundation
import GRDB
@testable import SQLiteStore
import Synchronization
import TaskRun
import Testing

@Suite("SQLite's own oddities")
struct SQLiteOdditiesTests {
    @Test(
        "each statement of a run goes by the index it was written for",
        arguments: [
            (Statements.nextQueue.sql, "tasks_due (task_name=? AND queue>? AND queue<?)"),
            (Statements.nextPriority.sql, "tasks_due (task_name=? AND queue=? AND priority>? AND priority<?)"),
            (Statements.headOfLane.sql, "tasks_due (task_name=? AND queue=? AND priority=? AND <expr><?)"),
            (Statements.crashed.sql, "tasks_crashed (crashes>? AND crashes<?)"),
            (Statements.claim.sql, "INTEGER PRIMARY KEY"), (Statements.delete.sql, "INTEGER PRIMARY KEY"),
            (Statements.deleteAll.sql, "INTEGER PRIMARY KEY"),
            (Statements.retry.sql, "INTEGER PRIMARY KEY"), (Statements.fail.sql, "INTEGER PRIMARY KEY"),
            (Statements.release.sql, "INTEGER PRIMARY KEY"), (Statements.renew.sql, "INTEGER PRIMARY KEY"),
            (Statements.leaseLeft.sql, "INTEGER PRIMARY KEY"),
            (Statements.takeOver.sql, "INTEGER PRIMARY KEY"), (Statements.owners.sql, "USING INDEX tasks_lease"),
            (Statements.abandoned.sql, "USING INDEX tasks_lease"), (Statements.held.sql, "USING INDEX tasks_lease"),
            (Statements.nextWaitingName.sql, "tasks_due (task_name>? AND task_name<?)"),
            (Statements.crashedNames.sql, "USING INDEX tasks_crashed"),
            (Statements.anyClaim.sql, "INDEX tasks_lease"), (Statements.quota.sql, "USING INDEX tasks_lease"),
            (Statements.anyCrashed.sql, "USING INDEX tasks_crashed"),
            (Statements.firstCrashed.sql, "USING INDEX tasks_crashed"),
            (Statements.firstExpiry.sql, "INDEX tasks_expiry"),
            (Statements.nextKeyedQueue.sql, "tasks_lock_open (task_name=? AND queue>? AND queue<?)"),
            (
                Statements.nextKeyedPriority.sql,
                "tasks_lock_open (task_name=? AND queue=? AND priority>? AND priority<?)"
            ),
            (Statements.headOfKeyedLane.sql, "tasks_lock_open (task_name=? AND queue=? AND priority=? AND <expr><?)"),
            (Statements.nextKeyedName.sql, "tasks_lock_open (task_name>? AND task_name<?)"),
            (Statements.anyOpen.sql, "INDEX tasks_lock_open"),
            (Statements.isAllowed.sql, "holder USING INDEX tasks_lock_holder (lock_key=?)"),
            (Statements.isAllowed.sql, "first USING INDEX tasks_lock_line (lock_key=?)"),
            (Statements.promote.sql, "tasks_lock_line (lock_key=?)"),
            (Statements.promote.sql, "holder USING INDEX tasks_lock_holder (lock_key=?)"),
            (Statements.anyBehind.sql, "INDEX tasks_lock_behind"),
            (Statements.anyBehind.sql, "INDEX tasks_crashed"),
            (Statements.crashedWithoutKey.sql, "INDEX tasks_crashed"),
            (Statements.holdCrashed.sql, "holder USING INDEX tasks_lock_holder (lock_key=?)"),
            (Statements.freeFailedHolder.sql, "INDEX tasks_lock_holder (lock_key=?)"),
            (Statements.spanBehind.sql, "INDEX tasks_lock_behind"),
            (Statements.deserted.sql, "INDEX tasks_lock_behind"),
            (Statements.deserted.sql, "open USING INDEX tasks_lock_line (lock_key=?)"),
            (Statements.free.sql, "INTEGER PRIMARY KEY"), (Statements.hold.sql, "INTEGER PRIMARY KEY"),
            (Statements.markBehind.sql, "INTEGER PRIMARY KEY"),
            (Statements.anyExpired.sql, "INDEX tasks_expiry (<expr><?)"),
            (Statements.expire.sql, "INDEX tasks_expiry (<expr><?)"),
            (Statements.equalOf.sql, "tasks_dedupe (task_name=? AND dedupe_key=?)"),
            (Statements.equal.sql, "tasks_dedupe (task_name=? AND dedupe_key=?)"),
            (Statements.claim.sql, "INTEGER PRIMARY KEY"),
            (Statements.countEnds.sql, "tasks_after_batch (after_batch=?)"),
            (Statements.over.sql, "tasks_after_batch (after_batch=?)"),
            (Statements.over.sql, "tasks_batch (batch=? AND status=?)"),
            (Statements.failed.sql, "tasks_batch (batch=? AND status=?)"),
            (Statements.ended.sql, "INDEX tasks_after_batch"),
            (Statements.ended.sql, "tasks_batch (batch=? AND status=?)"),
            (Statements.anyWaits.sql, "INDEX tasks_after_batch"),
            (Statements.anyDeserted.sql, "tasks_after_batch (after_batch=?)"),
            (Statements.forgetDeserted.sql, "tasks_after_batch (after_batch=?)"),
        ]
    )
    func plans(_ statement: String, _ index: String) async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.add(3)
            let plan = try await fixture.plan(statement)
            #expect(plan.contains(index), "\(plan)")
            #expect(!plan.contains("SCAN tasks\n"), "\(plan)")
            let isOrdered = statement == Statements.crashed.sql || !plan.contains("TEMP B-TREE FOR ORDER")
            #expect(isOrdered, "\(plan)")
        }
    }

    @Test("rows that failed, wait, or belong to others cost a claim nothing: it reads as much with them as without")
    func flat() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.add(20)
            let store = try #require(fixture.store as? SQLiteStore)
            let without = try await fixture.stepsOfClaim(store)
            let other = { (columns: String, values: String) in
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                INSERT INTO tasks (\(columns)) SELECT \(values) FROM n
                """
            }
            try await fixture.sql(other("task_name, status", "'A', 'FAILED'"))
            try await fixture.sql(other("task_name, run_at", "'A', '2999-01-01'"))
            try await fixture.sql(other("task_name, queue, run_at", "'A', 'other', '2999-01-01'"))
            try await fixture.sql(other("task_name, priority", "'B', i % 7"))
            let with = try await fixture.stepsOfClaim(store)
            #expect(with < without + 400, "\(without) steps without, \(with) steps with 80,000 other rows")
        }
    }

    @Test(
        "blobs, NUL characters and the word now are refused at insert",
        arguments: [
            "task_name, data) VALUES ('A', x'7b7d')", "task_name, data) VALUES ('A', CAST(x'7b7d00ff' AS TEXT))",
            "task_name) VALUES (x'41')", "task_name) VALUES ('A' || char(0) || 'B')",
            "task_name, run_at) VALUES ('A', 'now')",
            "task_name, run_at) VALUES ('A', 1700000000)", "task_name, queue) VALUES ('A', x'41')",
        ]
    )
    func refused(_ rest: String) async throws {
        try await Fixture.with(.sqlite) { fixture in
            await #expect(throws: (any Error).self) { try await fixture.sql("INSERT INTO tasks (\(rest)") }
        }
    }

    @Test("text that is not UTF-8 comes through byte for byte and hurts nobody else")
    func notUTF8() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.add(columns: "data", values: "CAST(x'2261ff22' AS TEXT)")
            try await fixture.add(name: "' || CAST(x'ff41' AS TEXT) || '")
            try await fixture.add()
            #expect(try await fixture.claim().map(\.data) == [[0x22, 0x61, 0xff, 0x22], Array("{}".utf8)])
            #expect(try await fixture.store.list(TaskFilter()).count == 3)
            #expect(try await fixture.store.waitingNames(limit: 9) == ["\u{FFFD}A"])
        }
    }

    /// A program that holds a transaction open.
    private static func holder(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    @Test("a locked file is told as such and nothing is lost")
    func locked() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.add()
            let path = String(fixture.store.location.dropFirst("sqlite:".count))
            let holder = try Self.holder(path)
            try await holder.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
            let error = await #expect(throws: StoreError.self) { try await fixture.claim() }
            #expect(error?.code == .locked && error?.isPassing == true)
            try await holder.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
            let tasks = try await fixture.claim()
            #expect(tasks.count == 1)
        }
    }

    @Test("a run that finds the file locked leaves it to the next one, and says so")
    func lockedRun() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.add(columns: "status", values: "'PROCESSING'")
            try await fixture.sql("UPDATE tasks SET created_at = '2001-01-01', run_at = '2001-01-01'")
            let path = String(fixture.store.location.dropFirst("sqlite:".count))
            let holder = try Self.holder(path)
            try await holder.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            let run = try fixture.makeRun([ClosureHandler()]) { $0.lockPatience = .seconds(1) }
            let report = try await run.run()
            #expect(report.trouble?.code == .locked && report.claimed == 0)
            try await holder.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
            let next = try await fixture.makeRun([ClosureHandler()]).run()
            #expect((next.recovered, next.succeeded) == (1, 1))
        }
    }

    @Test("with nothing due and nothing to recover no lock is taken, even beside a writer")
    func noLock() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', '2999-01-01')")
            let path = String(fixture.store.location.dropFirst("sqlite:".count))
            let holder = try Self.holder(path)
            try await holder.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            let tasks = try await fixture.claim()
            let recovered = try await fixture.store.recover(RecoverRequest())
            #expect(tasks.isEmpty && recovered.isEmpty)
            try await holder.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        }
    }

    @Test("while the batches that tasks wait for are open no lock is taken, even beside a writer")
    func noLockForBatches() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.add(2, columns: "batch", values: "'b'")
            try await fixture.add(name: "Z", columns: "after_batch", values: "'b'")
            let task = try #require(try await fixture.claim(limit: 1).first)
            _ = try await fixture.store.settle([Settlement(task.proof, .delete, batch: "b")], now: Fixture.start)
            let path = String(fixture.store.location.dropFirst("sqlite:".count))
            let holder = try Self.holder(path)
            try await holder.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            let ended = try await fixture.store.endBatches(after: nil, now: nil)
            #expect(ended == EndedBatches())
            try await holder.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        }
    }

    @Test("an SQL file ends before its lease does, as nothing can be renewed beside it")
    func scriptAndLease() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.due()
            let request = ClaimRequest(
                owner: "me",
                names: ["A"],
                share: .usual(limit: 1, crashed: 1),
                lease: .seconds(3)
            )
            let task = try #require(try await fixture.store.claim(request).first)
            let endless = """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT max(i) FROM n
                """
            let script = Script(sql: endless, values: [:])
            let outcome = try await fixture.store.perform(script, settling: task.proof, timeLimit: .seconds(3600))
            guard case .failed(let error) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(error.contains("took longer than its lease of"))
            try await fixture.expect("SELECT status FROM tasks", "PROCESSING")
        }
    }

    @Test(
        "WAL is chosen only where it cannot lose rows",
        arguments: [
            (3_040_001, false), (3_044_005, false), (3_044_006, true), (3_045_000, false), (3_050_006, false),
            (3_050_007, true),
            (3_051_002, false), (3_051_003, true), (3_053_000, true),
        ]
    )
    func wal(_ number: Int32, _ isFixed: Bool) {
        #expect(SQLiteLibrary.hasWALResetFix(number) == isFixed)
        #expect((Finding.journal(mode: "wal", number: number).level == .ok) == isFixed)
        #expect(Finding.journal(mode: "delete", number: number).level == .ok)
    }

    @Test("a WAL file of more than 100 MB is a warning that names the file")
    func logFile() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("tasks.db").path
        let store = try SQLiteStore(path: path, opening: .creating, journal: .wal)
        _ = try await store.migrate()
        func finding() async throws -> Finding? { try await store.findings().first { $0.subject == "WAL file" } }
        #expect(try await finding()?.level == .ok)
        // Only its size counts; what is behind its last commit is nobody's.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path + "-wal"))
        try file.truncate(atOffset: 101_000_000)
        try file.close()
        let large = try #require(try await finding())
        #expect(large.level == .warning && large.found.hasPrefix("101 MB"))
        #expect(large.advice?.contains("\(path)-wal") == true)
        await store.close()
    }

    @Test("a commit goes as far as was asked for, and a new file has the journal mode that was asked for")
    func conditions() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("tasks.db").path
        #expect(SQLiteStore.journalMode(ofFile: path) == nil)
        for (journal, synchronous) in [(JournalMode.wal, Synchronous.normal), (.delete, .full), (.wal, .off)] {
            let store = try SQLiteStore(path: path, opening: .creating, journal: journal, synchronous: synchronous)
            _ = try await store.migrate()
            let found = try await store.conditions()
            #expect((found.journal, found.synchronous) == (journal.rawValue, synchronous.rawValue))
            let script = try await store.scripts().read { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
            #expect(script == synchronous.number)
            await store.close()
            #expect(SQLiteStore.journalMode(ofFile: path) == journal)
            try SQLiteStore.remove(file: path)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }

    @Test("a file that is missing, foreign, or a folder is told as such, and none is created")
    func unusable() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = folder.appendingPathComponent("text.db").path
        try String(repeating: "no database ", count: 100).write(toFile: text, atomically: true, encoding: .utf8)
        let missing = folder.appendingPathComponent("missing.db").path
        for path in [missing, text, folder.path] {
            let error = await #expect(throws: StoreError.self) {
                try await SQLiteStore(path: path).requireSchema()
            }
            #expect(error?.code == .database && error?.advice != nil, "\(String(describing: error))")
        }
        #expect(!FileManager.default.fileExists(atPath: missing))
    }

    @Test("a file that is moved away or removed while it is open is named as that, and nothing more is written to it")
    func moved() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("tasks.db").path
        let store = try SQLiteStore(path: path, opening: .creating, journal: .delete)
        _ = try await store.migrate()
        _ = try await store.add([NewTask(name: "A")])
        try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
        let error = await #expect(throws: StoreError.self) { _ = try await store.add([NewTask(name: "A")]) }
        #expect(error?.code == .database && error?.advice?.contains("moved") == true, "\(String(describing: error))")
        await store.close()
    }
}

extension Fixture {
    /// The query plan of a statement, its names bound to nothing.
    func plan(_ statement: String) async throws -> String {
        // A function of the store's own connections.
        let statement = statement.replacing("taskrun_fits(data)", with: "1")
        return try await rows("EXPLAIN QUERY PLAN " + statement.replacing(/:[a-z_]+/, with: "NULL"))
            .joined(separator: "\n")
            + "\n"
    }

    /// How many instructions SQLite's virtual machine takes for a claim of ten: repeatable, unlike time.
    func stepsOfClaim(_ store: SQLiteStore) async throws -> Int {
        let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 10, crashed: 2))
        store.memory.lanes.withLock { $0 = LaneMemory() }
        let steps = StepCounter()
        try await store.connection.writeWithoutTransaction { database in
            try steps.count(database)
        }
        let tasks = try await store.claim(request, now: Fixture.start)
        #expect(tasks.count == 10)
        return try await store.connection.writeWithoutTransaction { database in try steps.stop(database) }
    }
}
