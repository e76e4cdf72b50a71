import Foundation
import Migrations
import TestSupport
import Testing

@Suite("Where others may make functions in the schema of the tables")
struct TrapTests {
    /// A place on a database with traps; tables are not made yet.
    private func withTraps(
        pooled mode: PgBouncer.Mode? = nil,
        _ body: (Scratch, String) async throws -> Void
    ) async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let server = try await PostgreSQLServer.shared()
            let name = try await Traps.makeDatabase(on: server)
            let url = server.superuserURL.replacing("@/postgres?", with: "@/\(name)?")
            var place = scratch.setting(["TASKRUN_DATABASE": url])
            place.direct = url
            if let mode { place.variables["TASKRUN_DATABASE"] = try await PgBouncer.shared(mode).url(url) }
            try await body(place, url)
            #expect(try await Traps.calls(place) == ["1|f"])
        }
    }

    @Test("no command calls one, nor does a handler's run", arguments: [nil, PgBouncer.Mode.transaction])
    func commands(_ mode: PgBouncer.Mode?) async throws {
        try await withTraps(pooled: mode) { place, _ in
            try place.handler("OK", "cat > /dev/null; echo done")
            try place.handler("FAIL", "exit 65")
            try place.handler("LATER", "exit 75")
            try place.write("INSERT INTO public.done VALUES (:id);\n", to: "handlers/SQL.sql")
            let lines = """
                {"task_name":"OK","data":{"n":1},"queue":"a","priority":3,"token":"bulk"}
                {"task_name":"OK","dedupe_key":"d1","delay":"1h"}
                {"task_name":"OK","dedupe_key":"d1"}
                {"task_name":"OK","lock_key":"l1","batch":"b2","expires":"1h","max_attempts":3,"timeout_seconds":60}
                {"task_name":"OK","after_batch":"b2","run_at":"2026-01-01T00:00:00Z"}

                """
            let commands: [([String], String)] = [
                (["migrate", "--status"], ""), (["migrate"], ""), (["migrate", "--notify"], ""),
                (["add", "OK", "1"], ""), (["add", "-"], lines),
                (["add", "-", "--skip-bad"], lines.replacing("bulk", with: "bulk2")),
                (["add", "OK", "--queue", "b", "--delay", "1h"], ""),
                (["add", "OK", "--lock-key", "l", "--priority", "2"], ""),
                (["add", "OK", "--lock-key", "l"], ""), (["add", "OK", "--dedupe-key", "k"], ""),
                (["add", "OK", "--dedupe-key", "k"], ""),
                (["add", "OK", "--expires", "1h", "--token", "--reuse", "10m"], ""),
                (["add", "OK", "--batch", "b"], ""), (["add", "FAIL", "--batch", "b", "--dedupe-key", "f"], ""),
                (["add", "OK", "--after-batch", "b"], ""), (["add", "OK", "--with-token=t1"], ""),
                (["add", "LATER"], ""),
                (["add", "SQL", #"{"id":1}"#, "--lock-key", "l", "--batch", "b", "--with-token=t2"], ""),
                (["add", "NOBODY"], ""), (["add", "OK", "--with-token=t3", "--wait"], ""),
                (["pause", "c", "--why", "x"], ""), (["pause", "a", "--for", "1h"], ""), (["queues"], ""),
                (["resume", "a"], ""),
                (["limit", "b", "--running", "5", "--per-minute", "100"], ""),
                (["limit", "--name", "OK", "--running", "3"], ""),
                (["status"], ""), (["list"], ""), (["list", "--json"], ""), (["show", "1"], ""), (["check"], ""),
                (["once", "--concurrency", "2"], ""), (["once", "--queue", "default,a"], ""),
                (["once", "--queue", "!b", "--fair"], ""),
                (["once", "--only", "OK", "--linger", "--window", "1s"], ""),
                (["result", "t2"], ""), (["wait", "t1"], ""), (["retry", "--all-failed"], ""), (["once"], ""),
                (["retry", "--name", "FAIL"], ""), (["cancel", "t9"], ""), (["status", "--json"], ""), (["list"], ""),
                (["retry", "3", "8", "--now"], ""), (["cancel", "8", "3"], ""), (["delete", "1", "2", "4", "5"], ""),
                (["history"], ""), (["history", "--name", "OK", "--since", "1h", "--batch", "b"], ""),
                (["show", "7"], ""), (["stats"], ""), (["metrics"], ""), (["runs"], ""), (["batches"], ""),
                (["top"], ""), (["why"], ""), (["prune"], ""), (["check", "--warn-late", "1h"], ""),
                (["bench", "-n", "50"], ""), (["migrate", "--no-notify"], ""), (["limit", "b", "--none"], ""),
                (["check"], ""),
            ]
            try await place.sql("CREATE TABLE public.done (id text)")
            for (command, input) in commands {
                let answer = try await place.start(command, input: input).answer()
                #expect([0, 1, 66].contains(answer.status), "\(command): \(answer)")
                #expect(
                    !answer.errors.replacing("traps_", with: "").contains("trap")
                        && !answer.errors.contains("SQLSTATE"),
                    "\(command): \(answer.errors)"
                )
            }
            #expect(try await place.sql("TABLE public.done") == ["1"])
        }
    }

    @Test(
        "the SQL of migrate --print calls none, whatever the path of the role that runs it",
        arguments: [
            #""$user", public"#, "public, pg_catalog",
        ]
    )
    func printed(_ path: String) async throws {
        try await withTraps { place, url in
            try place.write(try await place.taskrun("migrate", "--print", "--notify").output, to: "script.sql")
            let script = [
                "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", "SET search_path = \(path)", "-f",
                "script.sql",
            ]
            let answer = try await Call(script, environment: place.environment, folder: place.folder).answer()
            #expect(answer.status == 0, "\(answer)")
            #expect(try await place.taskrun("migrate").output.hasSuffix("is up to date.\n"))
            #expect(try await place.taskrun("add", "A").status == 0)
        }
    }

    @Test(
        "a view named task_migrations is refused, and nothing in it is called",
        arguments: ["migrate", "once", "check", "status"]
    )
    func view(_ command: String) async throws {
        try await Scratch.alone(.postgresql, tables: false) { place in
            try await place.sql(
                """
                CREATE SEQUENCE caught;
                CREATE FUNCTION evil() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
                    $$ BEGIN PERFORM nextval('caught'); RETURN 1; END $$;
                CREATE VIEW task_migrations AS SELECT evil() AS version, 'x' AS checksum, 0 AS least_version WHERE evil() = 1;
                CREATE VIEW tasks AS SELECT evil() AS id;
                """
            )
            let answer = try await place.taskrun(command)
            #expect(answer.status == 78, "\(answer)")
            #expect(try await place.sql("SELECT is_called FROM caught") == ["f"])
        }
    }

    @Test("a function that another role made under the name of a condition is replaced by an upgrade")
    func conditions() async throws {
        try await withTraps { place, url in
            try #require(try await place.taskrun("migrate").status == 0)
            try await place.sql(
                """
                DROP FUNCTION task_is_plain; DROP TABLE task_history, task_failures, task_measures, task_totals;
                DELETE FROM task_migrations WHERE version >= \(Migration.names)
                """
            )
            let trapper = url.replacing("postgres@/", with: "\(Traps.role)@/")
            let make = """
                CREATE FUNCTION public.task_is_plain(tasks) RETURNS boolean LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN true; END $$
                """
            try #require(try await place.other("psql", "-Xq", "-d", trapper, "-c", make).status == 0)
            try place.handler("OK", "cat > /dev/null")
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('OK')")
            try #require(try await place.taskrun("migrate").status == 0)
            let owner = "SELECT proowner::regrole FROM pg_proc WHERE proname = 'task_is_plain'"
            #expect(try await place.sql(owner) == ["postgres"])
            #expect(try await place.taskrun("once").status == 0)
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test(
        "a function task_notify of somebody's is not taken for the trigger's, and is nobody's but the owner's afterwards"
    )
    func notify() async throws {
        try await withTraps { place, url in
            let trapper = url.replacing("postgres@/", with: "\(Traps.role)@/")
            let make = """
                CREATE FUNCTION public.task_notify() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_catalog.nextval('public.caught'); RETURN NULL; END $$
                """
            try #require(try await place.other("psql", "-Xq", "-d", trapper, "-c", make).status == 0)
            try #require(try await place.taskrun("migrate", "--notify").status == 0)
            let owner = "SELECT proowner::regrole, proconfig FROM pg_proc WHERE proname = 'task_notify'"
            #expect(try await place.sql(owner) == ["postgres|{\"search_path=pg_catalog, pg_temp\"}"])
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('A'); UPDATE tasks SET run_at = run_at")
        }
    }
}

@Suite("What SQL files and triggers find by search_path")
struct SearchPathTests {
    @Test(
        "an SQL file finds what its user's path names, and so does what it puts off to the end",
        arguments: Scratch.Database.poolers + [.postgresql]
    )
    func scripts(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            let schema = try await place.sql("SELECT current_schema()")[0]
            try await place.sql(
                """
                CREATE SCHEMA other_\(schema);
                CREATE TABLE other_\(schema).seen (path text);
                CREATE FUNCTION other_\(schema).note() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO seen VALUES (current_setting('search_path')); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER note AFTER INSERT ON other_\(schema).seen DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW WHEN (NEW.path = 'first') EXECUTE FUNCTION other_\(schema).note();
                CREATE TABLE waits (id bigint);
                """
            )
            try place.write(
                """
                INSERT INTO waits SELECT count(*) FROM tasks;
                SET search_path = other_\(schema), \(schema);
                INSERT INTO seen VALUES ('first');
                """,
                to: "handlers/SQL.sql"
            )
            for line in [["--lock-key", "k", "--batch", "b"], ["--lock-key", "k"], []] {
                try #require(try await place.start(["add", "SQL"] + line).answer().status == 0)
            }
            try #require(try await place.taskrun("add", "SQL", "--after-batch", "b").status == 0)
            let run = try await place.taskrun("once", "--concurrency", "1")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(try await place.sql("SELECT count(*) FROM waits") == ["4"])
            let paths = try await place.sql("SELECT DISTINCT path FROM other_\(schema).seen ORDER BY path")
            #expect(paths == ["first", "other_\(schema), \(schema)"])
        }
    }

    @Test("tables in the second schema of a path are worked with, and triggers on them find what stands beside them")
    func second() async throws {
        try await Scratch.alone(.postgresql, tables: false) { place in
            try await place.sql(
                #"CREATE SCHEMA "My App"; ALTER ROLE CURRENT_USER IN DATABASE "#
                    + (try await place.sql("SELECT current_database()")[0])
                    + #" SET search_path = nowhere, "My App", public"#
            )
            try place.handler("OK", "cat > /dev/null")
            try #require(try await place.taskrun("migrate", "--notify").status == 0)
            try await place.sql(
                """
                CREATE TABLE audit (id bigint);
                CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (OLD.id); RETURN OLD; END $$;
                CREATE TRIGGER audit AFTER DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION audit();
                CREATE TABLE public.tasks (id bigint);
                """
            )
            try #require(try await place.taskrun("add", "OK").status == 0)
            let run = try await place.taskrun("once")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(try await place.sql(#"SELECT count(*) FROM "My App".audit"#) == ["1"])
        }
    }
}
