import Foundation
import TestSupport
import Testing

/// `add -` with many lines.
@Suite struct BulkAddTests {
    @Test("tens of thousands of lines are added in order", arguments: Scratch.Database.withPoolers)
    func many(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            let lines = (1...50_000).map {
                let more = ["", ",\"queue\":\"q\"", ",\"priority\":5", ",\"delay\":\"1h\""][$0 % 4]
                return "{\"task_name\":\"T\($0 % 3)\",\"data\":{\"n\":\($0)}\(more)}\n"
            }
            let answer = try await scratch.taskrun("add", "-", input: lines.joined())
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(answer.errors.isEmpty)
            #expect(answer.lines == (1...50_000).map(String.init))
            let data = try await scratch.sql("SELECT data FROM tasks ORDER BY id")
            #expect(data == (1...50_000).map { "{\"n\":\($0)}" })
            let counts = try await scratch.sql(
                "SELECT queue, priority, count(*) FROM tasks GROUP BY queue, priority ORDER BY queue, priority"
            )
            #expect(counts == ["default|0|25000", "default|5|12500", "q|0|12500"])
        }
    }

    @Test(
        "a line that the table refuses is named, far behind the first batch too",
        arguments: Scratch.Database.withPoolers
    )
    func refused(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            var lines = [String](repeating: "{\"task_name\":\"A\"}\n", count: 20_000)
            lines[18_765] = "{\"task_name\":\"a/b\"}\n"
            let answer = try await scratch.taskrun("add", "-", input: lines.joined())
            #expect(answer.status == 65)
            #expect(answer.output.isEmpty)
            #expect(answer.errors.hasPrefix("Error: line 18766 of stdin cannot be used: "), "\(answer.errors)")
            #expect(answer.errors.contains("task_name must be 1 to 200 characters"))
            #expect(answer.errors.contains("Nothing was added."))
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("--skip-bad adds the others, names twenty lines and counts the rest", arguments: Scratch.Database.withPoolers)
    func skipped(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            let bad = [
                "{", "{\"data\":1}", "{\"task_name\":\"a/b\"}", "{\"task_name\":\"A\",\"queu\":\"x\"}", "[\"\u{e4}\"]",
            ]
            let lines = (0..<1000).map { number in
                number % 40 == 7 ? bad[number / 40 % bad.count] : "{\"task_name\":\"A\",\"data\":\(number)}"
            }
            let answer = try await scratch.taskrun("add", "-", "--skip-bad", input: lines.joined(separator: "\r\n"))
            #expect(answer.status == 1, "\(answer.errors)")
            let told = answer.errors.split(separator: "\n").map(String.init)
            #expect(told.count == 21)
            #expect(
                told.first
                    == "Line 8 is left out: it is not JSON as needed: expected a key in double quotes, at column 3"
            )
            #expect(told[3].hasPrefix("Line 128 is left out: unknown key \"queu\" (did you mean \"queue\"?)"))
            let numbers = told.dropLast().compactMap {
                $0.firstMatch(of: #/^Line (\d+) is left out: /#).flatMap { Int($0.1) }
            }
            #expect(numbers == (0..<20).map { $0 * 40 + 8 })
            #expect(told.last == "5 more lines are left out.")
            #expect(answer.lines.count == 975)
            let expected = (0..<1000).filter { $0 % 40 != 7 }.map(String.init)
            #expect(try await scratch.sql("SELECT data FROM tasks ORDER BY id") == expected)
        }
    }

    @Test("what ends in the middle of a line is not added, --skip-bad or not", arguments: Scratch.Database.withPoolers)
    func cutOff(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            for flags in [[], ["--skip-bad"]] {
                let input = "{\"task_name\":\"A\"}\n{\"task_name\":\"B\",\"da"
                let answer = try await scratch.start(["add", "-"] + flags, input: input).answer()
                #expect(answer.status == 65)
                #expect(answer.errors.contains("line 2 of stdin cannot be used"), "\(answer.errors)")
                #expect(answer.errors.contains("there stdin ends"))
                #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
            }
        }
    }

    @Test(
        "after a signal in the middle nothing is added, and nobody was kept from writing meanwhile",
        arguments: Scratch.Database.withPoolers,
        [SIGINT, SIGTERM, SIGKILL]
    )
    func signals(_ database: Scratch.Database, _ signal: Int32) async throws {
        try await Scratch.alone(database) { scratch async throws in
            let pipe = scratch.folder.appending(path: "pipe").path
            try #require(mkfifo(pipe, 0o600) == 0)
            let call = try Call(
                ["sh", "-c", "exec \"$0\" add - < pipe", Scratch.binary],
                environment: scratch.environment,
                folder: scratch.folder
            )
            // More than two batches and what fits into the pipe: most of it was taken when all is written.
            try scratch.write(String(repeating: "{\"task_name\":\"A\"}\n", count: 40_000), to: "lines")
            let feeder = try Call(
                ["sh", "-c", "exec 3> pipe; cat lines >&3 && touch written; exec sleep 600"],
                environment: scratch.environment,
                folder: scratch.folder
            )
            defer { kill(feeder.pid, SIGKILL) }
            try await eventually("the lines were taken") { scratch.has("written") }
            if database != .sqlite {
                try await eventually("rows were sent") {
                    try await scratch.sql(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY tasks%'"
                    ) == ["1"]
                }
            }
            // Without waiting for anybody's lock.
            let url = scratch.direct ?? scratch.environment["TASKRUN_DATABASE"] ?? ""
            let words = database == .sqlite ? ["sqlite3", "tasks.db"] : ["psql", "-XqAtd", url, "-c"]
            let insert = "INSERT INTO tasks (task_name) VALUES ('OTHER')"
            let other = try await Call(words + [insert], environment: scratch.environment, folder: scratch.folder)
                .answer()
            #expect(other.status == 0, "\(other.errors)")
            kill(call.pid, signal)
            let answer = try await call.answer()
            #expect(answer.status == (signal == SIGKILL ? 128 + SIGKILL : 75), "\(answer)")
            #expect(answer.output.isEmpty)
            try await eventually("nothing but the other's task is there") {
                try await scratch.sql("SELECT task_name FROM tasks") == ["OTHER"]
            }
        }
    }

    @Test("a statement that takes longer than the usual limit of 10 s does not end it")
    func slow() async throws {
        try await Scratch.with(.postgresql) { scratch async throws in
            try await scratch.sql(
                """
                CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(11); RETURN NULL; END $$;
                CREATE TRIGGER slow AFTER INSERT ON tasks FOR EACH STATEMENT EXECUTE FUNCTION slow();
                """
            )
            let answer = try await scratch.taskrun("add", "X", "-", input: "1\n2\n")
            #expect(answer.output == "1\n2\n", "\(answer.errors)")
        }
    }

    @Test("bytes that are no UTF-8 are a bad line", arguments: Scratch.Database.withPoolers)
    func notUTF8(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            let script = "printf '1\\n\"\\303\"\\n\"\\303\\244\"\\n' | \"$0\" add X - --skip-bad"
            let answer = try await Call(
                ["sh", "-c", script, Scratch.binary],
                environment: scratch.environment,
                folder: scratch.folder
            ).answer()
            #expect(answer.errors == "Line 2 is left out: it is not UTF-8 text\n")
            #expect(try await scratch.sql("SELECT data FROM tasks ORDER BY id") == ["1", "\"ä\""])
        }
    }

    @Test("on a terminal many numbers are one sentence")
    func terminal() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.write((1...5000).map { "\($0)\n" }.joined(), to: "lines")
            let answer = try await Call(
                ["script", "-qefc", "'\(Scratch.binary)' add X - < lines", "/dev/null"],
                environment: scratch.environment.merging(["TERM": "xterm"]) { own, _ in own },
                folder: scratch.folder
            ).answer()
            #expect(answer.output.hasSuffix("5,000 tasks added, numbers 1 to 5000.\r\n"), "\(answer.output)")
        }
    }

    @Test("--skip-bad without lines is a usage error")
    func usage() async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            #expect(try await scratch.taskrun("add", "X", "{}", "--skip-bad").status == 64)
        }
    }
}
