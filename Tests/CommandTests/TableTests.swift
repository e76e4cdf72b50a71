import Foundation
import Migrations
import TestSupport
import Testing

@Suite("Tables that are not as taskrun made them")
struct TableTests {
    @Test(
        "names of rows that are gone are made again by migrate, and once says that it has to be run",
        arguments: Scratch.Database.allCases
    )
    func namesAgain(_ database: Scratch.Database) async throws {
        try await Scratch.alone(database) { place in
            try place.handler("A", "exit 0")
            try await place.add(1, name: "A")
            let drop = database == .sqlite ? "DROP VIEW tasks_plain" : "DROP FUNCTION task_is_plain, task_rows"
            try await place.sql(drop)
            let failed = try await place.taskrun("once")
            #expect(failed.status != 0 && failed.errors.contains("taskrun migrate"), "\(failed)")
            #expect(try await place.taskrun("migrate").status == 0)
            #expect(try await place.taskrun("once").status == 0)
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test(
        "migrate says what to do if something else has a name of rows",
        arguments: [
            (Scratch.Database.sqlite, "DROP VIEW tasks_plain; CREATE TABLE tasks_plain (a)", "DROP TABLE tasks_plain"),
            (
                .postgresql,
                """
                DROP FUNCTION task_rows, task_is_plain;
                CREATE PROCEDURE task_rows() LANGUAGE sql AS 'SELECT 1'
                """,
                "DROP PROCEDURE task_rows"
            ),
        ]
    )
    func nameTaken(_ database: Scratch.Database, _ sql: String, _ cure: String) async throws {
        try await Scratch.alone(database) { place in
            try await place.sql(sql)
            let refused = try await place.taskrun("migrate")
            #expect(refused.status == 78 && refused.errors.contains("Rename"), "\(refused)")
            try await place.sql(cure)
            #expect(try await place.taskrun("migrate").status == 0)
            #expect(try await place.taskrun("once").status == 0)
        }
    }

    @Test("a column of one's own without a binary form keeps no task from being shown")
    func ownColumns() async throws {
        try await Scratch.alone(.postgresql) { place in
            try await place.add(1, name: "A")
            try await place.sql("ALTER TABLE tasks ADD COLUMN who aclitem DEFAULT 'postgres=r/postgres'")
            #expect(try await place.taskrun("show", "1").status == 0)
            #expect(try await place.taskrun("list", "--json").status == 0)
        }
    }

    @Test("an SQLite file in UTF-16 is refused with the way out, by each command")
    func utf16() async throws {
        try await Scratch.with(tables: false) { place in
            try await place.sql("PRAGMA encoding = 'UTF-16le'; CREATE TABLE mine (a)")
            for command in [["migrate"], ["once"], ["list"], ["add", "A"], ["status"]] {
                let answer = try await place.start(command).answer()
                #expect(answer.status == 78 && answer.errors.contains("UTF-16le"), "\(command): \(answer)")
                #expect(answer.errors.contains(".dump"), "\(answer)")
            }
            let check = try await place.taskrun("check")
            #expect(check.status == 78 && check.output.contains("UTF-16le"), "\(check)")
            #expect(try await place.sql("SELECT count(*) FROM sqlite_schema") == ["1"])
        }
    }

    @Test("a table that inherits from tasks is refused with the way out, and loses no row")
    func child() async throws {
        try await Scratch.with(.postgresql) { place in
            try place.handler("A", "exit 0")
            try await place.sql("CREATE TABLE tasks_archive () INHERITS (tasks)")
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('A')")
            try await place.sql("INSERT INTO tasks_archive (id, task_name, status) VALUES (1, 'B', 'FAILED')")
            for command in [["once"], ["list"], ["retry", "--all-failed"], ["delete", "1"], ["migrate"]] {
                let answer = try await place.start(command).answer()
                #expect(answer.status == 78 && answer.errors.contains("tasks_archive"), "\(command): \(answer)")
                #expect(answer.errors.contains("NO INHERIT tasks"), "\(answer)")
            }
            #expect(try await place.taskrun("check").output.contains("tasks_archive"))
            try await place.sql("ALTER TABLE tasks_archive NO INHERIT tasks")
            try await place.taskrunOK("once")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(try await place.sql("SELECT count(*) FROM tasks_archive") == ["1"])
        }
    }

    @Test("a rule on tasks is refused with the statement that drops it, and loses no row")
    func rule() async throws {
        try await Scratch.with(.postgresql) { place in
            try place.handler("A", "exit 0")
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('A')")
            try await place.sql("CREATE RULE keep AS ON DELETE TO tasks DO INSTEAD NOTHING")
            for command in [["once"], ["list"], ["migrate"]] {
                let answer = try await place.start(command).answer()
                #expect(
                    answer.status == 78 && answer.errors.contains("DROP RULE keep ON tasks"),
                    "\(command): \(answer)"
                )
            }
            #expect(try await place.taskrun("check").output.contains("DROP RULE keep ON tasks"))
            try await place.sql("DROP RULE keep ON tasks")
            try await place.taskrunOK("once")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("a database that quotes all identifiers is worked with")
    func quoted() async throws {
        try await Scratch.alone(.postgresql) { place in
            try await place.sql(
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET quote_all_identifiers = on', current_database()); END $$"
            )
            try place.handler("A", "exit 0")
            try await place.taskrunOK("add", "A")
            try await place.taskrunOK("once")
            try await place.taskrunOK("migrate")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("retry says of a row that the database refuses just that", arguments: Scratch.Database.allCases)
    func refusedRetry(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try await place.sql(
                "INSERT INTO tasks (task_name, status) VALUES ('A', 'FAILED'), ('A', 'FAILED'), ('A', 'FAILED')"
            )
            try await place.sql(
                database == .sqlite
                    ? "CREATE TRIGGER keep BEFORE UPDATE ON tasks WHEN OLD.id = 2 BEGIN SELECT RAISE(ABORT, 'kept'); END"
                    : """
                    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$;
                    CREATE TRIGGER keep BEFORE UPDATE ON tasks FOR EACH ROW WHEN (OLD.id = 2) EXECUTE FUNCTION keep();
                    """
            )
            let answer = try await place.taskrun("retry", "1", "2", "3")
            #expect(answer.status == 65, "\(answer)")
            #expect(answer.output.contains("2 is FAILED: the database refuses it, so left as it is"), "\(answer)")
            #expect(!answer.output.contains("equal"), "\(answer)")
            #expect(try await place.sql("SELECT id FROM tasks WHERE status = 'WAITING' ORDER BY id") == ["1", "3"])
        }
    }

    @Test(
        "a run that stays hands over when the tables are migrated beyond it, and finishes what it has in hand",
        arguments: Scratch.Database.allCases
    )
    func handOver(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "cat > /dev/null; echo begun >> \"$LOG\"; until [ -e go ]; do sleep 0.01; done")
            let run = try place.start("once", "--linger", "--window", "600s", "--log-level", "debug")
            try await place.add(1)
            try await eventually("it does not begin") { place.lines() == ["begun"] }
            // As a migration of a later version does.
            let next = Migration.newest + 1
            try await place.sql("UPDATE task_migrations SET least_version = \(next) WHERE version = 1")
            try await place.add(1)
            try place.write("", to: "go")
            let end = try await run.answer()
            #expect(end.status == 78, "\(end)")
            #expect(end.errors.contains("must know their version \(next) to begin tasks"), "\(end)")
            #expect(place.lines() == ["begun"])
            #expect(try await place.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
        }
    }

    @Test(
        "a lease until 9999 ends after one lease length, and check names it",
        arguments: Scratch.Database.allCases
    )
    func farLease(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("A", "exit 0")
            try await place.sql(
                """
                INSERT INTO tasks (task_name, status, lease_owner, lease_expires_at, lock_key, lock_place)
                VALUES ('A', 'PROCESSING', 'web1 12 34 boot 56', '9999-12-31', 'k', 2)
                """
            )
            try await place.sql("INSERT INTO tasks (task_name, lock_key) VALUES ('A', 'k')")
            try await place.sql(
                "INSERT INTO tasks (task_name, lock_key, lock_place, run_at) VALUES ('A', 'x', 2, '2999-01-01')"
            )
            let check = try await place.taskrun("check").output
            #expect(check.contains("have a lease that is longer than a run can set: tasks 1"), "\(check)")
            #expect(check.contains("keep their lock_key while they wait for more than a month: tasks 3"), "\(check)")
            let short = place.setting(["TASKRUN_LEASE": "5s"])
            try await eventually("it is not taken over") {
                try await short.taskrunOK("once")
                return try await place.sql("SELECT count(*) FROM tasks") == ["1"]
            }
            #expect(try await place.taskrun("check").output.contains("have a lease that is longer") == false)
        }
    }
}
