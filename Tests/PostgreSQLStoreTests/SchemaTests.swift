import Foundation
import Migrations
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

@Suite("The schema")
struct SchemaTests {
    /// All versions there are.
    private static let versions = Migration.all(for: .postgresql).map(\.version)

    /// A store without tables.
    private func withEmptySchema(_ body: (Fixture) async throws -> Void) async throws {
        let server = try await PostgreSQLServer.shared()
        let url = try await server.makeDatabase()
        let store = try PostgreSQLStore(url)
        try await body(Fixture(server: server, url: url, store: store))
        await store.close()
    }

    @Test("is made once by many migrations at the same time")
    func many() async throws {
        try await withEmptySchema { fixture in
            let runs = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...8 {
                    let store = try fixture.another()
                    group.addTask { try await store.migrate().count }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(runs.sorted() == [0, 0, 0, 0, 0, 0, 0, Self.versions.count])
            try await fixture.store.requireSchema()
            #expect(try await fixture.store.schemaVersions().allSatisfy(\.isApplied))
        }
    }

    @Test("of version 1 is brought up to date when a program that writes has ended, and tells autovacuum not to sleep")
    func upgrade() async throws {
        try await withEmptySchema { fixture in
            let first = try #require(Migration.all(for: .postgresql).first)
            try await fixture.psql(
                "\(first.sql) INSERT INTO task_migrations VALUES (1, '\(first.name)', '\(first.checksum)')"
            )
            let error = try await storeError { try await fixture.store.requireSchema() }
            #expect(error?.code == .schema && error?.advice == "Run taskrun migrate, with the same database.")
            async let writing = try? fixture.psql(
                "BEGIN; INSERT INTO tasks (task_name) VALUES ('A'); SELECT pg_sleep(3600)"
            )
            let schema = try #require(fixture.url.split(separator: "%3D").last)
            let writer = "FROM pg_locks WHERE relation = '\(schema).tasks'::regclass AND mode = 'RowExclusiveLock'"
            try await eventually { try await fixture.psql("SELECT count(*) \(writer)") == "1" }
            // New columns need the table for a moment: the migration waits for the writer.
            async let migrated = fixture.store.migrate().map(\.version)
            let waiting = "SELECT count(*) FROM pg_locks WHERE relation = '\(schema).tasks'::regclass AND NOT granted"
            try await eventually { try await fixture.psql(waiting) == "1" }
            try await fixture.psql("SELECT pg_terminate_backend(pid) \(writer)")
            #expect(await writing == nil)
            let versions = try await migrated
            #expect(versions == Array(Self.versions.dropFirst()))
            try await fixture.store.requireSchema()
            let options = "SELECT reloptions FROM pg_class WHERE oid = 'tasks'::regclass"
            #expect(try await fixture.psql(options) == "{autovacuum_vacuum_cost_delay=0}")
        }
    }

    @Test("that is missing is told with the way out")
    func missing() async throws {
        try await withEmptySchema { fixture in
            let error = try #require(try await storeError { try await fixture.store.requireSchema() })
            #expect(error.code == .schema && error.advice == "Run taskrun migrate, with the same database.")
            #expect(try await fixture.store.schemaVersions().allSatisfy { !$0.isApplied })
            #expect(try await storeError { try await fixture.claim(1) }?.code == .schema)
        }
    }

    @Test(
        "stays untouched where somebody else's tasks are",
        arguments: ["TABLE tasks (id int)", "VIEW tasks AS SELECT 1"]
    )
    func foreign(_ tasks: String) async throws {
        try await withEmptySchema { fixture in
            try await fixture.psql("CREATE \(tasks)")
            for error in [
                try await storeError { try await fixture.store.migrate() },
                try await storeError { try await fixture.store.requireSchema() },
                try await storeError { try await fixture.store.schemaVersions() },
            ] {
                #expect(error?.code == .schema)
                #expect(error?.cause == "there is a table named tasks that taskrun did not make; nothing was touched")
                #expect(error?.advice?.contains("search_path") == true)
            }
            #expect(try await fixture.psql("SELECT to_regclass('task_migrations') IS NULL") == "t")
        }
    }

    @Test(
        "stays untouched where it is newer, edited or in pieces",
        arguments: [
            ("INSERT INTO task_migrations VALUES (999, 'x', 'x')", "version 999"),
            ("UPDATE task_migrations SET checksum = 'x' WHERE version = 2", "other SQL"),
            ("DROP TABLE tasks CASCADE", "missing"),
        ]
    )
    func refused(_ change: String, _ words: String) async throws {
        try await withStore { fixture in
            try await fixture.psql(change)
            for error in [
                try await storeError { try await fixture.store.migrate() },
                try await storeError { try await fixture.store.requireSchema() },
            ] {
                #expect(error?.code == .schema)
                #expect(error?.cause.contains(words) == true, "\(String(describing: error))")
            }
        }
    }

    @Test(
        "of another shape than taskrun's is refused with the way out, and nothing is touched",
        arguments: [
            ("CREATE TABLE tasks_archive () INHERITS (tasks)", "inherit from it: tasks_archive", "NO INHERIT"),
            ("CREATE TABLE more () INHERITS (task_results)", "inherit from it: more", "NO INHERIT"),
            (
                "ALTER TABLE tasks RENAME TO old; CREATE TABLE tasks (LIKE old) PARTITION BY LIST (status)",
                "a partitioned table", "copy the rows"
            ),
            ("ALTER TABLE tasks RENAME TO old; CREATE VIEW tasks AS SELECT * FROM old", "a view", "copy the rows"),
            (
                "ALTER TABLE tasks ALTER data DROP DEFAULT, ALTER data TYPE jsonb", "type jsonb",
                "USING data::text::json"
            ),
            (
                "ALTER TABLE tasks DROP CONSTRAINT run_at_is_finite, ALTER run_at TYPE timestamp",
                "type timestamp without time zone", "TYPE timestamp with time zone"
            ),
            ("ALTER TABLE task_queues ALTER paused_until TYPE timestamp", "task_queues.paused_until", "ALTER COLUMN"),
            ("ALTER TABLE tasks ALTER claim_no TYPE numeric", "type numeric", "TYPE bigint"),
            (
                "CREATE RULE \"Keep\" AS ON DELETE TO tasks DO INSTEAD NOTHING", "tasks has rules",
                "Run: DROP RULE \"Keep\" ON tasks"
            ),
            (
                "CREATE RULE note AS ON UPDATE TO tasks WHERE NEW.priority > 9 DO ALSO SELECT 1", "tasks has rules",
                "DROP RULE note ON tasks"
            ),
            (
                "CREATE RULE r AS ON INSERT TO task_results DO INSTEAD NOTHING", "task_results has rules",
                "ON task_results"
            ),
        ]
    )
    func shape(_ change: String, _ cause: String, _ advice: String) async throws {
        try await withStore { fixture in
            try await fixture.psql("INSERT INTO tasks (task_name) VALUES ('A')")
            try await fixture.psql(change)
            let error = try #require(try await storeError { try await fixture.store.requireSchema() })
            #expect(error.code == .schema && error.cause.contains(cause), "\(error)")
            #expect(error.advice?.contains(advice) == true, "\(error)")
            #expect(try await storeError { try await fixture.store.migrate() }?.cause == error.cause)
        }
    }

    @Test("that differs in what makes no difference is worked with")
    func harmless() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                ALTER TABLE tasks ALTER priority TYPE bigint, ALTER lease_owner TYPE varchar(500);
                ALTER TABLE tasks ADD COLUMN tenant integer;
                CREATE TABLE tasks_archive () INHERITS (tasks); DROP TABLE tasks_archive;
                CREATE RULE gone AS ON DELETE TO tasks DO INSTEAD NOTHING; DROP RULE gone ON tasks;
                CREATE TABLE all_tasks (LIKE tasks); ALTER TABLE tasks INHERIT all_tasks;
                INSERT INTO tasks (task_name, priority) VALUES ('A', 3), ('A', -3);
                """
            )
            try await fixture.store.requireSchema()
            #expect(try await fixture.claim(10).map(\.proof.id) == [2, 1])
        }
    }

    @Test("is found behind a temporary table of the same name, as another program may leave one behind a pooler")
    func hidden() async throws {
        try await withStore { fixture in
            try await fixture.store.reach(to: "hide the tables") { session in
                try session.execute("CREATE TEMPORARY TABLE tasks (id int)", within: .seconds(300))
            }
            try await fixture.store.requireSchema()
            _ = try await fixture.store.add([NewTask(name: "A")])
            #expect(try await fixture.claim(10).map(\.proof.id) == [1])
            #expect(try await fixture.psql("SELECT status FROM tasks") == "PROCESSING")
        }
    }

    @Test("is not made in a database of another encoding than UTF8", arguments: ["SQL_ASCII", "LATIN1"])
    func encoding(_ encoding: String) async throws {
        let server = try await PostgreSQLServer.shared()
        let name = "encoded_\(encoding.lowercased())"
        try await server.psql("CREATE DATABASE \(name) ENCODING '\(encoding)' LOCALE 'C' TEMPLATE template0")
        let url = server.superuserURL.replacing("@/postgres?", with: "@/\(name)?")
        let store = try PostgreSQLStore(url)
        for error in [
            try await storeError { try await store.migrate() },
            try await storeError { try await store.requireSchema() },
        ] {
            #expect(error?.code == .schema && error?.cause.contains(encoding) == true)
            #expect(error?.advice?.contains("UTF8") == true)
        }
        #expect(try await server.psql("SELECT to_regclass('tasks') IS NULL", on: url) == "t")
        // Tables that are there already go on.
        try await server.psql(Migration.script(for: .postgresql), on: url)
        try await store.requireSchema()
        await store.close()
    }

    @Test("with children that came later: their rows are neither performed, changed nor deleted")
    func children() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                CREATE TABLE tasks_archive () INHERITS (tasks);
                INSERT INTO tasks (task_name) SELECT 'A' FROM generate_series(1, 3);
                INSERT INTO tasks_archive (id, task_name, status) VALUES (1, 'B', 'FAILED'), (2, 'B', 'FAILED');
                INSERT INTO tasks_archive (id, task_name) VALUES (3, 'A'), (900, 'A');
                INSERT INTO tasks_archive (id, task_name, status, lease_expires_at)
                VALUES (4, 'A', 'PROCESSING', '2000-01-01');
                """
            )
            let archive = "SELECT * FROM tasks_archive ORDER BY id"
            let before = try await fixture.psql(archive)
            #expect(try await fixture.store.recover(RecoverRequest()).isEmpty)
            let claimed = try await fixture.claim(10)
            #expect(claimed.map(\.proof.id) == [1, 2, 3])
            let settlements = claimed.map { Settlement($0.proof, .delete) }
            _ = try await fixture.store.settle(settlements, thenClaim: nil, now: nil)
            #expect(try await fixture.claim(10).isEmpty)
            #expect(try await fixture.store.list(TaskFilter()).isEmpty)
            _ = try await fixture.store.delete([1, 2, 3, 4, 900])
            #expect(try await fixture.psql(archive) == before)
            #expect(try await fixture.psql("SELECT count(*) FROM ONLY tasks") == "0")
        }
    }

    @Test("is said to be that of the tables alone in every statement of the store: none reads or writes their children")
    func only() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Sources/PostgreSQLStore"
        )
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files where ["sql", "swift"].contains(file.pathExtension) {
            let code = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                .filter { line in !["//", "--"].contains { line.drop { $0 == " " }.hasPrefix($0) } }.joined(
                    separator: "\n"
                )
            let found = code.matches(of: /\b(?:FROM|JOIN|UPDATE|USING)\s+(?:tasks|task_[a-z]+)\b(?![.(])/).map {
                $0.output
            }
            #expect(found.isEmpty, "\(file.lastPathComponent): \(found)")
            count += code.matches(of: /ONLY task/).count
        }
        #expect(count > 100)
    }

    @Test("that fails half-way leaves nothing")
    func half() async throws {
        try await withEmptySchema { fixture in
            // The last of the migration's tables is there already, in another form.
            try await fixture.psql("CREATE TYPE task_migrations AS (a int)")
            #expect(try await storeError { try await fixture.store.migrate() } != nil)
            #expect(try await fixture.psql("SELECT to_regclass('tasks') IS NULL") == "t")
            try await fixture.psql("DROP TYPE task_migrations")
            #expect(try await fixture.store.migrate().map(\.version) == Self.versions)
        }
    }

    @Test("is the first of search_path that exists, whatever stands behind it")
    func searchPath() async throws {
        try await withStore { fixture in
            let first = try await fixture.server.makeDatabase()
            let names = [first, fixture.url].compactMap { $0.split(separator: "%3D").last }
            let both = try PostgreSQLStore(
                fixture.server.superuserURL + "&options=-csearch_path%3Dnowhere,\(names.joined(separator: ","))"
            )
            #expect(try await storeError { try await both.requireSchema() }?.code == .schema)
            #expect(try await both.migrate().map(\.version) == Self.versions)
            _ = try await both.add([NewTask(name: "A")])
            #expect(try await fixture.psql("SELECT count(*) FROM tasks") == "0")
            #expect(try await fixture.server.psql("SELECT count(*) FROM tasks", on: first) == "1")
        }
    }

    @Test("that search_path names but that does not exist is told")
    func nowhere() async throws {
        let server = try await PostgreSQLServer.shared()
        let store = try PostgreSQLStore(server.superuserURL + "&options=-csearch_path%3Dnowhere")
        for error in [
            try await storeError { try await store.migrate() },
            try await storeError { try await store.requireSchema() },
        ] {
            #expect(error?.cause == "search_path names no schema that exists")
        }
    }

    @Test("for which the user has no rights is a matter of the settings")
    func rights() async throws {
        try await withEmptySchema { fixture in
            let schema = try #require(fixture.url.split(separator: "%3D").last)
            try await fixture.psql(
                "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA \(schema) TO reader"
            )
            let store = try PostgreSQLStore(fixture.url.replacing("postgres@/", with: "reader@/"))
            let error = try #require(try await storeError { try await store.migrate() })
            #expect(error.code == .database && error.advice?.contains("GRANT") == true)
            try await fixture.psql("DROP OWNED BY reader; DROP ROLE reader")
        }
    }
}
