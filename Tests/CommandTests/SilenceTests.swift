import Foundation
import TestSupport
import Testing

/// What is said of a run that could not look at everything: one line, once, and with --json an object in any case.
@Suite("Not silent when unwell")
struct SilenceTests {
    /// Keeps the table locked until the file `go` is there; `locked` is there as soon as it is.
    private func lock(_ database: Scratch.Database, _ place: Scratch, rows: Bool = false) async throws -> Call {
        let wait = "touch locked; while [ ! -e go ]; do sleep 0.05; done"
        let call: Call
        if database == .sqlite {
            let script = "BEGIN EXCLUSIVE;\n.shell \(wait)\nROLLBACK;\n"
            call = try Call(
                ["sqlite3", "tasks.db"],
                environment: place.environment,
                folder: place.folder,
                input: script
            )
        } else {
            let url = try #require(place.variables["TASKRUN_DATABASE"])
            let what = rows ? "SELECT FROM tasks FOR UPDATE" : "LOCK TABLE tasks"
            let script = "BEGIN;\n\(what);\n\\! \(wait)\nROLLBACK;\n"
            let words = ["psql", "-Xq", "-d", url]
            call = try Call(words, environment: place.environment, folder: place.folder, input: script)
        }
        try await eventually("the table is locked") { place.has("locked") }
        return call
    }

    @Test("a table that stays locked is told in one line, with 75 and the object", arguments: Scratch.Database.allCases)
    func locked(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("add", "OK")
            let holder = try await lock(database, place)
            let run = try await place.taskrun("once", "--json", "--window", "5s")
            #expect(run.status == 75, "\(run)")
            #expect(run.errors.filter { $0 == "\n" }.count == 1, "\(run)")
            #expect(run.errors.contains(/[Tt]r(y|ies) again/), "\(run)")
            if database == .postgresql { #expect(run.errors.contains("locked by process"), "\(run)") }
            let object = try #require(try run.objects().last)
            #expect(object["claimed"] as? Int == 0 && object["trouble"] is String)
            try place.write("", to: "go")
            #expect(try await holder.answer().status == 0)
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["1"])
        }
    }

    @Test("a lock that ends soon is waited for, and nothing is said", arguments: Scratch.Database.allCases)
    func lockedForShort(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("add", "OK")
            let holder = try await lock(database, place)
            let run = try place.start(["once", "--json", "--log-level", "notice"])
            try await eventually("the run has met the lock") { try run.errorsSoFar().contains("notice") }
            try place.write("", to: "go")
            let answer = try await run.answer()
            #expect(try await holder.answer().status == 0)
            #expect(answer.status == 0 && !answer.errors.contains("Error"), "\(answer)")
            #expect(try answer.objects().last?["succeeded"] as? Int == 1)
        }
    }

    @Test("due rows that somebody keeps locked are told in one line")
    func lockedRows() async throws {
        try await Scratch.with(.postgresql) { place in
            try place.handler("OK", "exit 0")
            try await place.add(3, name: "OK")
            let holder = try await lock(.postgresql, place, rows: true)
            let run = try await place.taskrun("once")
            #expect(run.status == 0 && run.errors.filter { $0 == "\n" }.count == 1, "\(run)")
            #expect(run.errors.contains("another transaction has their rows locked"), "\(run)")
            try place.write("", to: "go")
            #expect(try await holder.answer().status == 0)
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["3"])
        }
    }

    @Test("one trouble of many tasks is one line", arguments: Scratch.Database.allCases, ["DELETE", "UPDATE"])
    func together(_ database: Scratch.Database, _ event: String) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try await place.add(6, name: "OK")
            try await place.sql(
                database == .sqlite
                    ? "CREATE TRIGGER kept BEFORE \(event) ON tasks BEGIN SELECT RAISE(ABORT, 'kept'); END"
                    : """
                    CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$;
                    CREATE TRIGGER kept BEFORE \(event) ON tasks FOR EACH ROW EXECUTE FUNCTION kept();
                    """
            )
            // More handlers at once would do; the limit is that of a slow machine.
            let run = try await place.taskrun("once")
            let lines = run.errors.split(separator: "\n").filter { $0.contains("kept") }
            #expect(lines.first?.contains("The same holds for") == true, "\(run)")
            #expect(lines.count <= 2, "\(run)")
        }
    }

    @Test("what ends a run is one line, and is in the object")
    func fatal() async throws {
        try await Scratch.with(.postgresql) { place in
            try place.handler("OK", "exit 0")
            try await place.add(3, name: "OK")
            try await place.sql("DROP TABLE task_limits")
            let run = try await place.taskrun("once", "--json")
            #expect(run.status == 78 && run.errors.filter { $0 == "\n" }.count == 1, "\(run)")
            let object = try #require(try run.objects().last)
            #expect(OnceTests.keys.allSatisfy { object[$0] != nil } && object["trouble"] is String, "\(run)")
        }
    }

    @Test(
        "once --json ends with its object whatever is wrong",
        arguments: [
            (["--database", "sqlite:none.db"], 78), (["--database", "postgres://127.0.0.1:1/x"], 69),
            (["--config", "none.yaml"], 78), (["--limit", "0"], 64), (["--nonsense"], 64), (["--only", "NOBODY"], 64),
            (["--only", ""], 64), (["--queue", ""], 64), (["--queue", "a,,b"], 64), (["--queue", "!"], 64),
            (["--concurrency", "none"], 64),
        ] as [([String], Int32)]
    )
    func object(_ arguments: [String], _ status: Int32) async throws {
        try await Scratch.with { place in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("add", "OK")
            let run = try await place.start(["once", "--json"] + arguments).answer()
            #expect(run.status == status, "\(run)")
            let object = try #require(try run.objects().last)
            #expect(OnceTests.keys.allSatisfy { object[$0] != nil } && object["trouble"] is String, "\(run)")
            #expect(try await place.sql("SELECT status FROM tasks") == ["WAITING"])
        }
    }

    @Test(
        "with --json the errors of other commands are objects",
        arguments: [
            (["list", "--database", "sqlite:none.db"], 78), (["list", "--nonsense"], 64), (["show", "7"], 1),
            (["lsit"], 64), (["add", "A", "{"], 65), (["status", "--config", "none.yaml"], 78), (["add", "-"], 65),
        ] as [([String], Int32)]
    )
    func errors(_ arguments: [String], _ status: Int32) async throws {
        try await Scratch.with { place in
            let answer = try await place.start(arguments + ["--json"], input: "no JSON\n").answer()
            #expect(answer.status == status, "\(answer)")
            let object = try #require(try answer.objects().last)
            #expect(object["error"] is String && object["exit"] as? Int32 == status, "\(answer)")
            #expect(object.keys.contains("advice"))
        }
    }

    @Test(
        "every command says in one line that the server cannot be reached",
        arguments: [
            ["once"], ["add", "A"], ["add", "-"], ["status"], ["list"], ["show", "1"], ["retry", "1"], ["delete", "1"],
            ["cancel", "1"], ["result", "t"], ["wait", "t"], ["queues"], ["pause", "q"], ["resume", "q"],
            ["limit", "q", "--running", "1"],
            ["migrate"], ["migrate", "--status"], ["bench", "-n", "10"],
        ]
    )
    func unreachable(_ arguments: [String]) async throws {
        try await Scratch.with(tables: false) { place in
            let call = ["--database", "postgres://127.0.0.1:1/x"] + arguments
            let answer = try await place.start(call, input: "{\"task_name\":\"A\"}\n").answer()
            #expect(answer.status == 69, "\(answer)")
            #expect(answer.errors.filter { $0 == "\n" }.count == 1, "\(answer)")
            #expect(answer.output == "", "\(answer)")
        }
    }

    @Test("row-level security that shows nothing is told by every command", arguments: ["none", "false", "other"])
    func rowSecurity(_ kind: String) async throws {
        try await Scratch.with(.postgresql) { owner in
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let role = "seer_\(schema)"
            try await owner.sql(
                """
                CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(role);
                """
            )
            try owner.handler("OK", "exit 0")
            try await owner.add(3, name: "OK")
            let place = owner.setting(["TASKRUN_DATABASE": url.replacing("postgres@/", with: "\(role)@/")])
            let table = kind == "other" ? "task_queues" : "tasks"
            try await owner.sql("ALTER TABLE \(table) ENABLE ROW LEVEL SECURITY")
            if kind == "false" {
                try await owner.sql("CREATE POLICY own ON tasks USING (queue = current_setting('app.queue', true))")
                // The server counts a moment later.
                try await eventually("the server has counted") {
                    try await owner.sql(
                        "SELECT n_live_tup > 0 FROM pg_stat_user_tables WHERE relid = 'tasks'::regclass"
                    )
                        == ["t"]
                }
            }
            let commands = [
                ["once"], ["list"], ["status"], ["show", "1"], ["retry", "--all-failed"], ["delete", "1"],
                ["cancel", "1"],
                ["add", "OK"], ["queues"],
            ]
            for command in commands {
                let answer = try await place.start(command).answer()
                #expect(answer.status == 78 && answer.output.isEmpty, "\(answer)")
                #expect(
                    answer.errors.contains("row-level security") && answer.errors.contains("USING (true)"),
                    "\(answer)"
                )
            }
            try await owner.sql("DROP POLICY IF EXISTS own ON tasks; CREATE POLICY own ON \(table) USING (true)")
            let run = try await place.taskrun("once")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(try await owner.sql("SELECT count(*) FROM tasks") == ["0"])
            try await owner.sql("DROP POLICY own ON \(table); DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test(
        "a task that a trigger keeps out is not said to be added",
        arguments: Scratch.Database.allCases,
        [["add", "BAD"], ["add", "-"], ["add", "-", "--skip-bad"]]
    )
    func notKept(_ database: Scratch.Database, _ arguments: [String]) async throws {
        try await Scratch.with(database) { place in
            try await place.sql(
                database == .sqlite
                    ? """
                    CREATE TRIGGER kept BEFORE INSERT ON tasks WHEN NEW.task_name = 'BAD'
                    BEGIN SELECT RAISE(IGNORE); END
                    """
                    : """
                    CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
                    CREATE TRIGGER kept BEFORE INSERT ON tasks FOR EACH ROW WHEN (NEW.task_name = 'BAD')
                        EXECUTE FUNCTION kept();
                    """
            )
            let isLenient = arguments.contains("--skip-bad")
            let lines = ["OK", "BAD", "OK"].map { "{\"task_name\":\"\($0)\"}\n" }.joined()
            let answer = try await place.start(arguments, input: lines).answer()
            #expect(answer.status == (isLenient ? 1 : 65), "\(answer)")
            #expect(answer.errors.contains("no row was added"), "\(answer)")
            #expect(answer.lines.count == (isLenient ? 2 : 0), "\(answer)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == [isLenient ? "2" : "0"])
        }
    }
}
