import Foundation
import TestSupport
import Testing

/// What `check` says of what stands around the tables.
@Suite("check tells the truth")
struct CheckTruthTests {
    /// What was found of a subject that is not as it should be: level, found, advice.
    private func finding(_ subject: String, _ place: Scratch) async throws -> (level: String, text: String)? {
        let answer = try await place.taskrun("check", "--json")
        let all = try answer.objects().filter { $0["subject"] as? String == subject }
        return try all.first { $0["level"] as? String != "ok" }.map { object in
            let level = try #require(object["level"] as? String)
            return (level, "\(object["found"] ?? "") \(object["advice"] ?? "")")
        }
    }

    @Test("tables as taskrun makes them are fine", arguments: Scratch.Database.allCases)
    func fine(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try await place.taskrunOK("add", "A")
            // A table of the application's that lets go of its task keeps nobody from anything.
            try await place.sql("CREATE TABLE orders (task_id bigint REFERENCES tasks (id) ON DELETE SET NULL)")
            let answer = try await place.taskrun("check", "--json")
            let objects = try answer.objects()
            for subject in ["columns", "rights", "triggers", "foreign keys", "additions", "sequence", "row security"] {
                #expect(
                    objects.filter { $0["subject"] as? String == subject }.allSatisfy { $0["level"] as? String == "ok" }
                )
            }
            #expect(objects.contains { $0["subject"] as? String == "columns" }, "\(answer)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["1"])
        }
    }

    @Test(
        "what the tables lack or have otherwise is an error",
        arguments: Scratch.Database.allCases,
        [
            "ALTER TABLE tasks DROP COLUMN postponed", "DROP INDEX tasks_due",
            "ALTER TABLE task_queues DROP COLUMN paused_by",
        ]
    )
    func drift(_ database: Scratch.Database, _ sql: String) async throws {
        try await Scratch.with(database) { place in
            // SQLite drops no column that a view reads.
            if database == .sqlite { try await place.sql("DROP VIEW task_rows") }
            try await place.sql(sql)
            let found = try #require(try await finding("columns", place))
            let name = try #require(sql.split(separator: " ").last)
            #expect(found.level == "error" && found.text.contains(name), "\(found)")
        }
    }

    @Test(
        "a name of rows that is missing or was changed is an error",
        arguments: [
            (Scratch.Database.sqlite, "DROP VIEW tasks_keyed", "the view tasks_keyed is missing"),
            (
                .sqlite, "DROP VIEW tasks_plain; CREATE VIEW tasks_plain AS SELECT * FROM tasks",
                "the view tasks_plain is different"
            ),
            (.postgresql, "DROP FUNCTION task_payload_size", "the function task_payload_size is missing"),
            (
                .postgresql,
                "CREATE OR REPLACE FUNCTION task_is_plain(task tasks) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
                "the function task_is_plain is different"
            ),
        ]
    )
    func names(_ database: Scratch.Database, _ sql: String, _ words: String) async throws {
        try await Scratch.with(database) { place in
            try await place.sql(sql)
            let found = try #require(try await finding("columns", place))
            #expect(found.level == "error" && found.text.contains(words), "\(found)")
        }
    }

    @Test("a default, a type and a constraint that were changed are errors")
    func changed() async throws {
        try await Scratch.with(.postgresql) { place in
            try await place.sql("ALTER TABLE tasks ALTER COLUMN queue DROP DEFAULT")
            #expect(try await finding("columns", place)?.text.contains("tasks.queue") == true)
            try await place.sql("ALTER TABLE tasks ALTER COLUMN queue SET DEFAULT 'default'")
            try await place.sql("ALTER TABLE tasks ALTER COLUMN last_error SET NOT NULL")
            #expect(try await finding("columns", place)?.text.contains("tasks.last_error") == true)
            try await place.sql("ALTER TABLE tasks ALTER COLUMN last_error DROP NOT NULL")
            #expect(try await finding("columns", place) == nil)
            try await place.sql("ALTER TABLE task_queues ALTER COLUMN paused_why TYPE varchar(500)")
            #expect(try await finding("columns", place)?.text.contains("task_queues.paused_why") == true)
            try await place.sql("ALTER TABLE task_queues ALTER COLUMN paused_why TYPE text")
            #expect(try await finding("columns", place) == nil)
            try await place.sql("ALTER TABLE tasks ADD COLUMN tenant text NOT NULL")
            let added = try await finding("additions", place)
            #expect(
                added?.level == "warning" && added?.text.contains("tasks.tenant") == true,
                "\(String(describing: added))"
            )
        }
    }

    /// Gives the SQL that check prints to the database's shell.
    private func mend(_ place: Scratch) async throws {
        let printed = try await place.taskrun("check", "--sql")
        #expect(printed.status == 78 && printed.output.contains("COMMIT;"), "\(printed)")
        let address = place.direct ?? place.variables["TASKRUN_DATABASE"]
        let words = address.map { ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", $0] } ?? ["sqlite3", "tasks.db"]
        let answer = try await Call(
            words,
            environment: place.environment,
            folder: place.folder,
            input: printed.output
        ).answer()
        #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer) \(printed.output)")
        let after = try await place.taskrun("check", "--sql")
        #expect(after.output.isEmpty && after.status == 0, "\(after)")
    }

    @Test(
        "the SQL that is printed mends what is missing or other",
        arguments: [
            (
                Scratch.Database.sqlite,
                [
                    "DROP INDEX tasks_due", "DROP VIEW tasks_keyed", "DROP TABLE task_queues",
                    "DROP TRIGGER tasks_id_insert", "DROP VIEW task_rows; ALTER TABLE tasks DROP COLUMN postponed",
                    "ALTER TABLE task_queues DROP COLUMN paused_by",
                    "DROP INDEX tasks_failed; CREATE INDEX tasks_failed ON tasks (failed_at)",
                ]
            ),
            (
                .postgresql,
                [
                    "DROP INDEX tasks_due", "DROP FUNCTION task_payload_size", "DROP TABLE task_queues",
                    "ALTER TABLE tasks DROP COLUMN postponed", "ALTER TABLE tasks ALTER COLUMN queue DROP DEFAULT",
                    "ALTER TABLE tasks ALTER COLUMN last_error SET NOT NULL",
                    "ALTER TABLE task_runs ALTER COLUMN slots TYPE bigint, ALTER COLUMN slots DROP NOT NULL",
                    "ALTER TABLE task_queues ALTER COLUMN paused_why TYPE varchar(500)",
                    "ALTER TABLE tasks DROP CONSTRAINT attempts_is_not_negative",
                    "ALTER TABLE task_runs ALTER COLUMN id DROP IDENTITY",
                    "DROP INDEX tasks_failed; CREATE INDEX tasks_failed ON tasks (failed_at)",
                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tasks_due'::regclass",
                    "ALTER TABLE task_batches DROP CONSTRAINT task_batches_pkey",
                    "CREATE OR REPLACE FUNCTION task_is_plain(task tasks) RETURNS bool LANGUAGE sql AS 'SELECT true'",
                ]
            ),
        ]
    )
    func mended(_ database: Scratch.Database, _ changes: [String]) async throws {
        try await Scratch.with(database) { place in
            for change in changes {
                try await place.sql(change)
                try await mend(place)
            }
            try place.handler("A", "exit 0")
            try await place.taskrunOK("add", "A")
            try await place.taskrunOK("once")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("a table that SQLite must make anew keeps its rows, its numbers, and what its owner has added")
    func rebuilt() async throws {
        try await Scratch.with { place in
            try await place.sql(
                """
                INSERT INTO tasks (task_name, data) VALUES ('A', '{"a": "--x, (y"}'), ('B', '{}'), ('C', '{}');
                DELETE FROM tasks WHERE task_name = 'C';
                ALTER TABLE tasks ADD COLUMN tenant TEXT DEFAULT 'x' CHECK (tenant <> '');
                CREATE INDEX of_tenant ON tasks (tenant);
                CREATE TABLE notes (task INTEGER REFERENCES tasks (id) ON DELETE CASCADE);
                CREATE INDEX notes_task ON notes (task);
                INSERT INTO notes VALUES (1);
                CREATE VIEW mine AS SELECT id, tenant FROM tasks;
                CREATE TABLE told (id INTEGER);
                CREATE TRIGGER tell AFTER INSERT ON tasks BEGIN INSERT INTO told VALUES (NEW.id); END;
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(sql, 'DEFAULT ''default''', 'DEFAULT ''other''')
                WHERE name = 'tasks';
                """
            )
            let before = try await place.sql("SELECT id, data, tenant FROM tasks")
            try await mend(place)
            #expect(try await place.sql("SELECT id, data, tenant FROM tasks") == before)
            #expect(try await place.sql("SELECT count(*) FROM notes") == ["1"])
            #expect(try await place.sql("SELECT count(*) FROM mine") == ["2"])
            let names = "SELECT name FROM sqlite_schema WHERE name IN ('of_tenant', 'tell', 'tasks_before') ORDER BY 1"
            #expect(try await place.sql(names) == ["of_tenant", "tell"])
            #expect(try await place.taskrun("add", "D").output == "4\n")
            #expect(try await place.sql("SELECT queue, tenant FROM tasks WHERE id = 4") == ["default|x"])
            #expect(try await place.sql("SELECT id FROM told") == ["4"])
            #expect(try await place.sql("PRAGMA integrity_check; PRAGMA foreign_key_check") == ["ok"])
        }
    }

    @Test("SQL that cannot mend because of the rows changes nothing")
    func unmendable() async throws {
        try await Scratch.with { place in
            try await place.sql(
                """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(replace(sql, 'status = ''FAILED''', 'status = ''ODD'''),
                    'CONSTRAINT status_is_waiting', 'CONSTRAINT state_is_waiting')
                WHERE name = 'tasks';
                """
            )
            try await place.sql("INSERT INTO tasks (task_name, status) VALUES ('A', 'ODD')")
            let printed = try await place.taskrun("check", "--sql").output
            let call = try Call(
                ["sqlite3", "tasks.db"],
                environment: place.environment,
                folder: place.folder,
                input: printed
            )
            let answer = try await call.answer()
            #expect(answer.status != 0 && answer.errors.contains("CHECK constraint failed"), "\(answer) \(printed)")
            #expect(try await place.sql("SELECT status FROM tasks") == ["ODD"])
            #expect(try await place.sql("SELECT count(*) FROM sqlite_schema WHERE name = 'tasks_before'") == ["0"])
        }
    }

    @Test("what the user has added is no drift", arguments: Scratch.Database.allCases)
    func additions(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try await place.sql(
                """
                ALTER TABLE tasks ADD COLUMN tenant text DEFAULT 'x'; CREATE INDEX of_tenant ON tasks (tenant);
                CREATE TABLE orders (task_id bigint REFERENCES tasks (id) ON DELETE SET NULL);
                CREATE INDEX of_task ON orders (task_id)
                """
            )
            for subject in ["columns", "additions", "triggers", "foreign keys"] {
                #expect(try await finding(subject, place) == nil, "\(subject)")
            }
            #expect(try await place.taskrun("check", "--sql").output.isEmpty)
        }
    }

    @Test("what refuses the deletion of a task is named with what follows", arguments: Scratch.Database.allCases)
    func refusals(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            let orders = "CREATE TABLE orders (task_id bigint NOT NULL REFERENCES tasks (id) ON DELETE SET NULL)"
            try await place.sql(orders)
            let keys = try #require(try await finding("foreign keys", place))
            #expect(keys.level == "warning" && keys.text.contains("become FAILED"), "\(keys)")
            try await place.sql("DROP TABLE orders")
            if database == .postgresql {
                try await place.sql("CREATE TABLE orders (task_id bigint REFERENCES tasks (id))")
                let object = try #require(
                    try await place.taskrun("check", "--json").objects().first {
                        $0["subject"] as? String == "foreign keys"
                    }
                )
                for statement in try #require(object["sql"] as? [String]) { try await place.sql(statement) }
                #expect(try await finding("foreign keys", place) == nil)
            }
            let function = { (name: String, body: String) in
                """
                CREATE FUNCTION \(name)() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body) END $$;
                CREATE TRIGGER \(name) BEFORE DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION \(name)()
                """
            }
            try await place.sql(
                database == .sqlite
                    ? "CREATE TRIGGER refuse BEFORE DELETE ON tasks BEGIN SELECT RAISE(ABORT, 'no'); END"
                    : function("refuse", "RAISE EXCEPTION 'no';")
            )
            let refusing = try #require(try await finding("triggers", place))
            #expect(refusing.text.contains("may refuse the deletion of a task that is done"), "\(refusing)")
            try await place.sql(database == .sqlite ? "DROP TRIGGER refuse" : "DROP FUNCTION refuse CASCADE")
            try await place.sql(
                database == .sqlite
                    ? "CREATE TRIGGER keep BEFORE DELETE ON tasks BEGIN SELECT raise ( IGNORE ); END"
                    : function("keep", "RETURN NEW;")
            )
            let keeping = try #require(try await finding("triggers", place))
            #expect(keeping.text.contains("keeps the rows of tasks that are done"), "\(keeping)")
        }
    }

    @Test("foreign keys that keep tasks, and triggers, are warnings", arguments: Scratch.Database.allCases)
    func neighbours(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try await place.sql("CREATE TABLE orders (task_id bigint REFERENCES tasks (id))")
            #expect(try await finding("foreign keys", place)?.text.contains("orders") == true)
            try await place.sql(
                database == .sqlite
                    ? "CREATE TRIGGER audit AFTER DELETE ON tasks BEGIN SELECT 1; END"
                    : """
                    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
                    CREATE TRIGGER audit AFTER DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION audit();
                    """
            )
            let found = try await finding("triggers", place)
            #expect(found?.level == "warning" && found?.text.contains("audit") == true, "\(String(describing: found))")
        }
    }

    @Test("taskrun's own triggers are none of the application's")
    func notify() async throws {
        try await Scratch.with(.postgresql) { place in
            try await place.taskrunOK("migrate", "--notify")
            #expect(try await finding("triggers", place) == nil)
            #expect(try await finding("additions", place) == nil)
            #expect(try await finding("columns", place) == nil)
        }
    }

    @Test("a sequence behind the ids is an error that names setval, and so does the INSERT that fails")
    func sequence() async throws {
        try await Scratch.with(.postgresql) { place in
            try await place.sql("INSERT INTO tasks (id, task_name) VALUES (1, 'A'), (2, 'A'), (3, 'A')")
            let found = try #require(try await finding("sequence", place))
            #expect(found.level == "error" && found.text.contains("setval("), "\(found)")
            let add = try await place.taskrun("add", "A")
            #expect(add.status == 65 && add.errors.contains("SELECT setval("), "\(add)")
            // What is advised ends it.
            let statement = try #require(found.text.firstMatch(of: #/SELECT setval\(.*\)/#)?.output)
            try await place.sql(String(statement))
            #expect(try await place.taskrun("add", "A").output == "4\n")
            #expect(try await finding("sequence", place) == nil)
        }
    }

    @Test(
        "each right that a run needs and the role lacks is named, with the GRANT that gives it",
        arguments: [
            "UPDATE ON tasks", "DELETE ON tasks", "SELECT ON task_queues", "INSERT ON task_results",
            "SELECT ON task_migrations",
            "USAGE ON SCHEMA",
        ]
    )
    func rights(_ right: String) async throws {
        try await Scratch.with(.postgresql) { owner in
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let role = "lacking_\(schema)"
            try await owner.sql(
                """
                CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(role);
                GRANT USAGE ON ALL SEQUENCES IN SCHEMA \(schema) TO \(role);
                """
            )
            let place = owner.setting(["TASKRUN_DATABASE": url.replacing("postgres@/", with: "\(role)@/")])
            #expect(try await finding("rights", place) == nil)
            let whole = right == "USAGE ON SCHEMA" ? "\(right) \(schema)" : right
            try await owner.sql("REVOKE \(whole) FROM \(role)")
            let found = try await finding(right == "USAGE ON SCHEMA" ? "schema" : "rights", place)
            let text = try #require(found?.text)
            #expect(found?.level == "error", "\(text)")
            let words = whole.split(separator: " ")
            #expect(
                text.contains("GRANT ") && text.contains(words[0]) && text.contains(words[words.count - 1]),
                "\(text)"
            )
            try await owner.sql("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test("a role that may not use the sequence or plpgsql is warned, with the GRANT: runs need neither")
    func adding() async throws {
        try await Scratch.with(.postgresql) { owner in
            // The language's right holds for a whole database: in one of its own.
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let (role, name) = ("adding_\(schema)", "language_\(schema)")
            try await owner.sql("CREATE DATABASE \(name)")
            let owner = owner.setting(["TASKRUN_DATABASE": url.replacing("@/postgres?", with: "@/\(name)?")])
            try await owner.sql("CREATE SCHEMA \(schema)")
            try await owner.taskrunOK("migrate")
            try await owner.sql(
                """
                CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(role);
                REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
                """
            )
            let place = owner.setting([
                "TASKRUN_DATABASE": owner.variables["TASKRUN_DATABASE"]?.replacing("postgres@/", with: "\(role)@/")
                    ?? ""
            ])
            let check = try await place.taskrun("check").output
            #expect(check.contains("GRANT USAGE ON SEQUENCE"), "\(check)")
            #expect(check.contains("GRANT USAGE ON LANGUAGE plpgsql"), "\(check)")
            try await owner.sql("GRANT USAGE ON LANGUAGE plpgsql TO \(role)")
            try await owner.sql("GRANT USAGE ON ALL SEQUENCES IN SCHEMA \(schema) TO \(role)")
            #expect(try await finding("rights", place) == nil)
            try await owner.sql("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test("a check that the SQLite table has lost is an error, as where a tool has made the table anew")
    func lostCheck() async throws {
        try await Scratch.with { place in
            try await place.sql(
                """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(sql, 'CONSTRAINT status_is_waiting_processing_or_failed', '') WHERE name = 'tasks';
                """
            )
            let found = try #require(try await finding("columns", place))
            #expect(found.level == "error" && found.text.contains("status_is_waiting_processing_or_failed"), "\(found)")
        }
    }

    @Test("policies that may hide tasks are a warning, and such that hide all an error")
    func rowSecurity() async throws {
        try await Scratch.with(.postgresql) { owner in
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let role = "partial_\(schema)"
            try await owner.sql(
                """
                CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(role);
                ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
                """
            )
            let place = owner.setting(["TASKRUN_DATABASE": url.replacing("postgres@/", with: "\(role)@/")])
            #expect(try await finding("schema", place)?.text.contains("row-level security") == true)
            try await owner.sql("CREATE POLICY own ON tasks USING (queue = 'default')")
            #expect(try await finding("row security", place)?.level == "warning")
            try await owner.sql("ALTER POLICY own ON tasks USING (true)")
            #expect(try await finding("row security", place) == nil)
            try await owner.sql("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test("where another schema comes first in search_path, the one with the tables is named")
    func otherSchema() async throws {
        try await Scratch.alone(.postgresql) { place in
            try await place.sql("CREATE SCHEMA postgres")
            let found = try #require(try await finding("schema", place))
            #expect(found.text.contains("\"public\" has") && found.text.contains("search_path"), "\(found)")
            #expect(try await place.taskrun("once").errors.contains("\"public\" has"))
        }
    }

    @Test(
        "what is wrong with the address or with TLS is told as that, not as a server that cannot be reached",
        arguments: [
            ("sslmode=requird", "verify-full"), ("sslmode=require", "ssl = on"), ("sslmode=verify-full", "ssl = on"),
        ]
    )
    func address(_ setting: String, _ advice: String) async throws {
        try await Scratch.with(tables: false) { place in
            let server = try await PostgreSQLServer.shared()
            let url = "postgres://postgres@127.0.0.1:\(server.port)/postgres?\(setting)"
            let answer = try await place.taskrun("status", "--database", url)
            #expect(answer.status == 78 && answer.errors.contains(advice), "\(answer)")
        }
    }

    @Test("list --json writes all, and without it says that there are more")
    func allRows() async throws {
        try await Scratch.with { place in
            try await place.add(250, name: "A")
            #expect(try await place.taskrun("list", "--json").lines.count == 250)
            #expect(try await place.taskrun("list", "--json", "--limit", "7").lines.count == 7)
            #expect(try await place.taskrun("list").lines.last == "These are the first 100. For more, use --limit.")
            for arguments in [["list", "--queue", ""], ["list", "--name", ""], ["retry", "--name", ""]] {
                #expect(try await place.start(arguments).answer().status == 64)
            }
        }
    }

    @Test("a log of SQLite that another user left is named, with its owner")
    func foreignLog() async throws {
        // Root may write everything.
        guard geteuid() == 0 else { return }
        try await Scratch.with { place in
            for (path, mode) in [("", 0o777), ("tasks.db", 0o666)] {
                let item = place.folder.appending(path: path).path
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: item)
            }
            try place.write("", to: "tasks.db-wal", mode: 0o644)
            let program = place.folder.appending(path: "taskrun").path
            try FileManager.default.copyItem(atPath: Scratch.binary, toPath: program)
            let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", program, "status"]
            var end = try await Call(nobody, environment: place.environment, folder: place.folder).answer()
            try await eventually("the copy cannot be run: \(end)") {
                if end.status == 126 {
                    end = try await Call(nobody, environment: place.environment, folder: place.folder).answer()
                }
                return end.status != 126
            }
            #expect(end.status == 78 && end.errors.contains("tasks.db-wal beside it belongs to root"), "\(end)")
        }
    }
}
