import Foundation
import Testing

@Suite struct AddTests {
    @Test("add stores the payload byte for byte and prints the number")
    func bytes() async throws {
        try await Scratch.with { scratch async throws in
            let payload = #" { "b" : 12345678901234567890.10, "a":"ä\u00e4", "with_opts ": true }"#
            let answer = try await scratch.taskrun("add", "CONTACT_EMAIL", payload)
            #expect(answer.status == 0)
            #expect(answer.output == "1\n")
            #expect(try await scratch.sql("SELECT data FROM tasks") == [payload])
            #expect(try await scratch.taskrun("show", "1").output.contains("\n\(payload)\n"))
        }
    }

    @Test("add without a payload stores an empty object")
    func noPayload() async throws {
        try await Scratch.with { scratch async throws in
            #expect(try await scratch.taskrun("add", "X", "--json").output == "{\"id\":1,\"task_name\":\"X\"}\n")
            let row = try await scratch.sql("SELECT data, queue, priority, status, max_attempts IS NULL FROM tasks")
            #expect(row == ["{}|default|0|WAITING|1"])
        }
    }

    @Test("options become columns")
    func options() async throws {
        try await Scratch.with { scratch async throws in
            let answer = try await scratch.taskrun(
                "add",
                "X",
                "[1]",
                "--queue",
                "mail",
                "--priority",
                "-5",
                "--max-attempts",
                "3",
                "--timeout",
                "90s",
                "--run-at",
                "2030-01-01T02:00:00+02:00"
            )
            #expect(answer.status == 0, "\(answer.errors)")
            let columns = "data, queue, priority, max_attempts, timeout_seconds, datetime(run_at)"
            #expect(try await scratch.sql("SELECT \(columns) FROM tasks") == ["[1]|mail|-5|3|90|2030-01-01 00:00:00"])
            try await scratch.taskrunOK("add", "Y", "--delay", "10m")
            let wait = try await scratch.sql(
                "SELECT abs((julianday(run_at) - julianday('now')) * 86400 - 600) < 60 FROM tasks WHERE task_name = 'Y'"
            )
            #expect(wait == ["1"])
        }
    }

    @Test(
        "what is no JSON is refused with the place, before the database is asked",
        arguments: [
            ("{bad", "expected a key in double quotes, at column 2"),
            ("", "expected a value, found the end, at column 1"),
            ("{\"a\":1,}", "expected a key in double quotes, at column 8"),
            ("[1 2]", "expected a comma or ], at column 4"),
            ("{\"a\":'b'}", "texts and keys stand in double quotes, at column 6"), ("01", "does not begin with 0"),
            ("{}x", "expected nothing more after the value, at column 3"), ("\"a\nb\"", "a control character"),
            ("{\n \"a\" 1}", "expected a colon after the key, at line 2, column 6"),
            ("\"\\x\"", "\\x means nothing in JSON"),
        ]
    )
    func noJSON(_ payload: String, _ expected: String) async throws {
        try await Scratch.with(tables: false) { scratch async throws in
            let answer = try await scratch.taskrun("add", "X", payload)
            #expect(answer.status == 65)
            #expect(answer.errors.contains("the payload is not JSON"))
            #expect(answer.errors.contains(expected), "\(answer.errors)")
        }
    }

    @Test("a name that the table does not take ends with 65", arguments: ["../../bin/sh", ".x", "", "a/b"])
    func badName(_ name: String) async throws {
        try await Scratch.with { scratch async throws in
            let answer = try await scratch.taskrun("add", name)
            #expect(answer.status == 65)
            #expect(answer.output.isEmpty)
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("add - adds the lines of stdin, with the options for what they leave out")
    func lines() async throws {
        try await Scratch.with { scratch async throws in
            let input = """
                {"task_name":"A","data":{ "n" : 1.0 },"queue":"q","priority":3,"max_attempts":2,"timeout_seconds":9}

                {"task_name":"B","run_at":"2030-01-01 00:00:00","data":null}
                {"delay":"1h","task_name":"C"}
                """
            let answer = try await scratch.taskrun("add", "-", "--queue", "common", input: input)
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(answer.output == "1\n2\n3\n")
            let rows = try await scratch.sql(
                "SELECT task_name, data, queue, priority, max_attempts, timeout_seconds FROM tasks"
            )
            #expect(rows == ["A|{ \"n\" : 1.0 }|q|3|2|9", "B|null|common|0||", "C|{}|common|0||"])
        }
    }

    @Test("add NAME - adds one task for each payload on stdin")
    func payloads() async throws {
        try await Scratch.with { scratch async throws in
            let answer = try await scratch.taskrun("add", "X", "-", "--json", input: "{\"n\":1}\n[2]\r\n")
            #expect(answer.output == "{\"id\":1,\"task_name\":\"X\"}\n{\"id\":2,\"task_name\":\"X\"}\n")
            #expect(try await scratch.sql("SELECT task_name, data FROM tasks") == ["X|{\"n\":1}", "X|[2]"])
        }
    }

    @Test(
        "a bad line is named by its number, and nothing is added",
        arguments: [
            ("{\"task_name\":\"B\"", "line 2 of stdin cannot be used"), ("[]", "expected an object"),
            ("{\"data\":1}", "there is no task_name"), ("{\"task_name\":\"B\",\"que\":\"x\"}", "unknown key \"que\""),
            ("{\"task_name\":\"B\",\"prioritty\":1}", "did you mean \"priority\"?"),
            ("{\"task_name\":\"B\",\"priority\":\"1\"}", "priority is not a whole number"),
            ("{\"task_name\":\"B\",\"max_attempts\":0}", "max_attempts is not a whole number from 1"),
            ("{\"task_name\":\"B\",\"run_at\":\"soon\"}", "run_at is not a moment"),
            ("{\"task_name\":\"B\",\"delay\":5}", "delay is not a string"),
            ("{\"task_name\":5}", "task_name is not a string"),
        ]
    )
    func badLine(_ line: String, _ expected: String) async throws {
        try await Scratch.with { scratch async throws in
            let answer = try await scratch.taskrun(
                "add",
                "-",
                input: "{\"task_name\":\"A\"}\n\(line)\n{\"task_name\":\"C\"}\n"
            )
            #expect(answer.status == 65)
            #expect(answer.errors.contains("line 2 of stdin"))
            #expect(answer.errors.contains(expected), "\(answer.errors)")
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("without tables it is said how to make them", arguments: Scratch.Database.allCases, ["{}", "-"])
    func noTables(_ database: Scratch.Database, _ payload: String) async throws {
        try await Scratch.with(database, tables: false) { scratch async throws in
            if database == .sqlite { try await scratch.sql("CREATE TABLE other (id)") }
            let answer = try await scratch.taskrun("add", "X", payload, input: "1\n")
            #expect(answer.status == 78)
            #expect(answer.errors.contains("migrate"), "\(answer.errors)")
        }
    }

    @Test("10 MB of payload are taken")
    func large() async throws {
        try await Scratch.with { scratch async throws in
            let input = "\"\(String(repeating: "x", count: 10 << 20))\"\n"
            #expect(try await scratch.taskrun("add", "X", "-", input: input).status == 0)
            #expect(try await scratch.sql("SELECT length(data) FROM tasks") == ["\((10 << 20) + 2)"])
        }
    }
}

extension Scratch {
    /// Runs `taskrun`, which has to end well.
    func taskrunOK(_ arguments: String...) async throws {
        let answer = try await start(arguments).answer()
        try #require(answer.status == 0, "\(answer.errors)")
    }
}
