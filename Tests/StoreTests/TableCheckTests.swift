import GRDB
import Migrations
import TaskRun
import Testing

/// What the SQLite table accepts and refuses, and that changing its checks loses nothing.
@Suite("Checks of the SQLite table")
struct TableCheckTests {
    /// A table as a version left it, in memory.
    private static func table(version: Int, before: String = "") throws -> DatabaseQueue {
        let queue = try DatabaseQueue()
        try queue.inDatabase { database in
            for step in Migration.all(for: .sqlite).prefix(version) {
                if step.version == version { try database.execute(sql: before) }
                try database.execute(sql: step.sql)
            }
        }
        return queue
    }

    private static let texts = [
        "default", "a", "A_B-1", "", " ", "é", "😀", "a b", ".a", "-a", "a.b", "a/b", "a*b", "[a]", "^", "]",
        String(repeating: "x", count: 200), String(repeating: "x", count: 201), String(repeating: "é", count: 200),
        String(repeating: "😀", count: 201), "{}", "[1, 2", "{\"a\":\"é\"}", "{\"a\":1} ", "WAITING", "PROCESSING",
        "FAILED", "waiting", "FAILED ",
        "0", "1", "-1", "1.0", "1.5", "0x1", "1e3", "2147483647", "2147483648", "-2147483648", "-2147483649",
        "2030-01-01", "2030-01-01T10:00:00Z", "2030-01-01 10:00+02:00", "hello",
    ]
    private static let bytes = [
        "00", "6100", "610062", "7B7D00", "7B7D0061", "7B7DC3A900", "FF", "C3", "61FF", "C080", "F4908080", "F7BFBFBF",
        "EDA080", "EFBFBE", "EFBFBF",
    ]

    /// Values of all kinds, as SQL.
    private static var values: [String] {
        let controls =
            (1...161).map { "'a' || char(\($0))" } + [
                "char(1)", "char(159) || 'é'", "'é' || char(159)", "'a' || char(160)",
            ]
        let plain = texts.map { "'\($0.replacing("'", with: "''"))'" }
        let raw = bytes.flatMap { ["x'\($0)'", "CAST(x'\($0)' AS TEXT)"] }
        let numbers = [
            "NULL", "0", "1", "-1", "2", "0.0", "-0.0", "1.0", "0.5", "1e300", "2147483647", "2147483648",
            "-2147483648",
            "-2147483649", "4611686018427387904", "4611686018427387905", "9223372036854775807", "x''",
        ]
        return plain + raw + numbers + controls
    }

    @Test(
        "the cheaper checks accept and refuse what the first ones did",
        arguments: [
            "task_name", "data", "status", "queue", "priority", "attempts", "claim_no", "crashes", "dedupe_key",
            "lock_key",
            "token", "batch", "after_batch", "max_attempts", "lock_place",
        ]
    )
    func same(_ column: String) throws {
        let tables = try [Self.table(version: 8), Self.table(version: 9)]
        for value in Self.values {
            let insert =
                column == "task_name"
                ? "INSERT INTO tasks (task_name) VALUES (\(value))"
                : "INSERT INTO tasks (task_name, \(column)) VALUES ('A', \(value))"
            let update = "UPDATE tasks SET \(column) = \(value) WHERE id = 1"
            for statement in [insert, update] {
                let found = try tables.map { table in
                    try table.inDatabase { database in
                        try database.execute(sql: "INSERT OR IGNORE INTO tasks (id, task_name) VALUES (1, 'A')")
                        let refusal = try Self.refusal(of: statement, in: database)
                        let kept = try String.fetchAll(database, sql: "SELECT quote(\(column)) FROM tasks ORDER BY id")
                        try database.execute(sql: "DELETE FROM tasks")
                        return [refusal ?? "accepted"] + kept
                    }
                }
                #expect(found[0] == found[1], "\(statement)")
            }
        }
    }

    @Test("the cheaper checks of queues and limits accept and refuse what the first ones did")
    func sameOfQueues() throws {
        let tables = try [Self.table(version: 8), Self.table(version: 9)]
        for value in Self.values {
            for statement in [
                "INSERT INTO task_queues (queue) VALUES (\(value))",
                "INSERT INTO task_limits (kind, name) VALUES ('name', \(value))",
            ] {
                let found = try tables.map { try $0.inDatabase { try Self.refusal(of: statement, in: $0) } }
                #expect(found[0] == found[1], "\(statement)")
            }
        }
    }

    private static func refusal(of statement: String, in database: Database) throws -> String? {
        do {
            try database.execute(sql: statement)
            return nil
        } catch let error as DatabaseError {
            return error.message ?? ""
        }
    }

    @Test(
        "a bare number and a time without a date are no moment",
        arguments: [
            "tasks.run_at", "tasks.created_at", "tasks.expires_at", "task_queues.paused_until", "task_queues.paused_at",
        ]
    )
    func moments(_ place: String) throws {
        let parts = place.split(separator: ".")
        let table = try Self.table(version: 9)
        let insert =
            parts[0] == "tasks"
            ? "INSERT INTO tasks (task_name, \(parts[1])) VALUES ('A', "
            : "INSERT INTO task_queues (queue, \(parts[1])) VALUES ('q', "
        let refused = [
            "'2030'", "300", "300.5", "'10:00'", "'10:00:00.5'", "'10:00-05:00'", "'10:00:00Z'", "2460000.5",
            "'2460000.5'",
            "'1e3'", "'100e-2'", "'123e-1'", "'-0'", "'-00e-3'", "'-000e-3'", "0", "'now'", "'2030-01'", "'20300101'",
            "''", "1893456000",
        ]
        let accepted = [
            "'2030-01-01'", "'2030-01-01 10:00'", "'2030-01-01T10:00:00.123Z'", "'2030-01-01 10:00:00+02:00'",
            "'0001-01-01'",
            "'9999-12-31 23:59:59.999'", "'-4713-11-25'", "'2030-01-01 10:00:00-05:00'",
        ]
        try table.inDatabase { database in
            for value in refused {
                #expect(try Self.refusal(of: "\(insert)\(value))", in: database) != nil, "\(value)")
            }
            for value in accepted {
                #expect(try Self.refusal(of: "\(insert)\(value))", in: database) == nil, "\(value)")
                try database.execute(sql: "DELETE FROM \(parts[0])")
            }
            let said = try Self.refusal(of: "\(insert)'2030')", in: database)
            #expect(said == "CHECK constraint failed: \(parts[1])_begins_with_year_month_and_day")
        }
    }

    @Test("a row with a moment that is refused from now on is claimed, released, tried again and performed")
    func rowsFromBefore() async throws {
        try await Fixture.with(.sqlite, migrated: false) { fixture in
            for step in Migration.all(for: .sqlite).prefix(8) {
                try await fixture.sql(step.sql)
                try await fixture.sql(
                    "INSERT INTO task_migrations (version, name, checksum) VALUES (\(step.version), '\(step.name)', '\(step.checksum)')"
                )
            }
            try await fixture.sql("INSERT INTO tasks (task_name, run_at, created_at) VALUES ('A', '2030', '10:00')")
            try await fixture.sql("INSERT INTO tasks (task_name, run_at, lock_key) VALUES ('A', 300, 'k')")
            try await fixture.sql("INSERT INTO tasks (task_name, run_at, batch) VALUES ('A', '10:00', 'b')")
            try await fixture.sql("INSERT INTO tasks (task_name, run_at, crashes) VALUES ('A', '2030', 1)")
            try await fixture.sql("INSERT INTO tasks (task_name, expires_at) VALUES ('A', '2030')")
            try await fixture.sql("INSERT INTO task_queues (queue, paused_until) VALUES ('q', '2030')")
            _ = try await fixture.store.migrate()
            #expect(
                try await fixture.rows("SELECT run_at FROM tasks WHERE id < 5 ORDER BY id") == [
                    "2030", "300", "10:00", "2030",
                ]
            )
            try await fixture.sql("UPDATE tasks SET priority = 1, max_attempts = 3")
            for ending in [Verdict.release(), .retry(after: .zero, error: "no")] {
                let claimed = try await fixture.claim()
                #expect(claimed.count == 4)
                let ends = claimed.map { Settlement($0.proof, ending) }
                let results = try await fixture.store.settle(ends, thenClaim: nil, now: Fixture.start).results
                #expect(results.allSatisfy { $0 == .settled }, "\(results)")
            }
            let claimed = try await fixture.claim()
            let ends = claimed.map { Settlement($0.proof, .delete) }
            let results = try await fixture.store.settle(ends, thenClaim: nil, now: Fixture.start).results
            #expect(results.count == 4 && results.allSatisfy { $0 == .settled }, "\(results)")
            #expect(try await fixture.rows("SELECT id, status FROM tasks") == ["5|FAILED"])
        }
    }

    @Test(
        "columns, indexes, triggers, views and references that others have made on the table stay when its checks change"
    )
    func others() throws {
        let made = """
            CREATE TABLE notes (task INTEGER REFERENCES tasks (id) ON DELETE CASCADE, note TEXT);
            CREATE TABLE told (id INTEGER);
            ALTER TABLE tasks ADD COLUMN tenant TEXT DEFAULT 'x' CHECK (tenant <> '');
            ALTER TABLE tasks RENAME COLUMN last_error TO last_words;
            ALTER TABLE tasks RENAME COLUMN last_words TO last_error;
            CREATE INDEX of_tenant ON tasks (tenant, status);
            CREATE VIEW waiting AS SELECT id, tenant FROM tasks WHERE status IN ('WAITING', 'PROCESSING', 'FAILED');
            CREATE TRIGGER tell AFTER INSERT ON tasks BEGIN INSERT INTO told VALUES (NEW.id); END;
            INSERT INTO tasks (task_name, tenant) VALUES ('A', 'one'), ('A', 'two');
            INSERT INTO notes VALUES (1, 'n');
            """
        let table = try Self.table(version: 9, before: made)
        let newest = try Self.table(version: 9)
        try table.inDatabase { database in
            let names = try String.fetchSet(database, sql: "SELECT name FROM sqlite_schema")
            #expect(names.isSuperset(of: ["notes", "told", "of_tenant", "waiting", "tell"]))
            #expect(try String.fetchOne(database, sql: "PRAGMA integrity_check") == "ok")
            #expect(try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").isEmpty)
            try database.execute(sql: "INSERT INTO tasks (task_name, tenant) VALUES ('A', 'three')")
            #expect(try Self.refusal(of: "INSERT INTO tasks (task_name, tenant) VALUES ('A', '')", in: database) != nil)
            #expect(
                try Self.refusal(of: "INSERT INTO tasks (task_name, run_at) VALUES ('A', '2030')", in: database) != nil
            )
            #expect(
                try String.fetchAll(database, sql: "SELECT tenant FROM waiting ORDER BY id") == ["one", "two", "three"]
            )
            #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM told") == 3)
            try database.execute(sql: "PRAGMA foreign_keys = ON")
            try database.execute(sql: "DELETE FROM tasks WHERE id = 1")
            #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM notes") == 0)
            // What stands in a view of somebody else's is none of the table's.
            let view = try String.fetchOne(database, sql: "SELECT sql FROM sqlite_schema WHERE name = 'waiting'")
            #expect(view?.contains("status IN (") == true)
        }
        for queue in [table, newest] {
            let text = try queue.inDatabase {
                try String.fetchOne($0, sql: "SELECT sql FROM sqlite_schema WHERE name = 'tasks'")
            }
            #expect(text?.contains("status IN (") == false && text?.contains("char(0))") == false)
        }
    }

    @Test("the script for a new database makes the same tables as the steps, and edits no definition")
    func script() throws {
        let script = Migration.script(for: .sqlite)
        #expect(!script.contains("writable_schema") && !script.contains("UPDATE sqlite_schema"))
        let made = try DatabaseQueue()
        try made.writeWithoutTransaction { try $0.execute(sql: script) }
        let stepped = try Self.table(version: Migration.newest)
        let definitions = "SELECT coalesce(type || name || sql, name) FROM sqlite_schema ORDER BY type, name"
        let found = try [made, stepped].map { try $0.inDatabase { try String.fetchAll($0, sql: definitions) } }
        #expect(found[0] == found[1])
    }

    @Test("an id that jumps beyond 2^62 is refused, also as the first, among others, and by OR REPLACE")
    func greatIDs() throws {
        for id in ["4611686018427387905", "9223372036854775807"] {
            for statement in [
                "INSERT INTO tasks (id, task_name) VALUES (\(id), 'A')",
                "INSERT INTO tasks (id, task_name) VALUES (NULL, 'A'), (\(id), 'A')",
                "INSERT INTO tasks (id, task_name) SELECT value, 'A' FROM json_each('[5, \(id)]')",
                "INSERT OR REPLACE INTO tasks (id, task_name) VALUES (\(id), 'A')",
            ] {
                for before in ["SELECT 1", "INSERT INTO tasks (task_name) VALUES ('A')", "DELETE FROM tasks"] {
                    try Self.table(version: 9).inDatabase { database in
                        try database.execute(sql: before)
                        #expect(try Self.refusal(of: statement, in: database) == "id_is_at_most_4611686018427387904")
                        try database.execute(sql: "INSERT INTO tasks (task_name) VALUES ('A')")
                        #expect(database.lastInsertedRowID < 10)
                    }
                }
            }
        }
        try Self.table(version: 9).inDatabase { database in
            try database.execute(sql: "INSERT INTO tasks (id, task_name) VALUES (4611686018427387904, 'A')")
            try database.execute(sql: "INSERT INTO tasks (task_name) VALUES ('A'), ('A')")
            try database.execute(sql: "DELETE FROM tasks")
            try database.execute(sql: "INSERT INTO tasks (task_name) VALUES ('A'), ('A')")
            #expect(database.lastInsertedRowID == 4_611_686_018_427_387_908)
        }
    }
}
