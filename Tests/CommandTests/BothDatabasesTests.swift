import Foundation
import Migrations
import Testing

/// The life of tasks through the commands, the same on both databases.
@Suite struct BothDatabasesTests {
    @Test("migrate, add, once, list, show, retry, delete and status", arguments: Scratch.Database.withPoolers)
    func life(_ database: Scratch.Database) async throws {
        try await Scratch.with(database, tables: false) { scratch async throws in
            #expect(try await scratch.taskrun("status").status == 78)
            #expect(
                try await scratch.taskrun("migrate", "--status").output.contains("missing") == (database != .sqlite)
            )
            #expect(
                try await scratch.taskrun("migrate").output.contains(
                    "version \(Migration.all(for: .sqlite).count), \(Migration.all(for: .sqlite).last?.name ?? ""), is in place."
                )
            )
            #expect(try await scratch.taskrun("migrate").output.hasSuffix(" is up to date.\n"))
            try scratch.handler("OK", "cat > payload")
            try scratch.handler("BAD", "echo 'no such mailbox' >&2; exit 65")
            let payload = #"{ "b" : 12345678901234567890.10, "a":"ä\u00e4", "with_opts ": true, "b":1 }"#
            #expect(try await scratch.taskrun("add", "OK", payload, "--queue", "q").output == "1\n")
            let input =
                "{\"task_name\":\"BAD\",\"data\":[1]}\n{\"task_name\":\"BAD\"}\n{\"task_name\":\"OKK\",\"delay\":\"1h\"}\n"
            #expect(try await scratch.taskrun("add", "-", input: input).output == "2\n3\n4\n")
            #expect(try await scratch.taskrun("add", "a/b").status == 65)
            #expect(try await scratch.taskrun("show", "1", "--json").output.contains("\"data\":\(payload),"))

            let run = try await scratch.taskrun("once", "--fail-on-failed", "--json")
            #expect(run.status == 1, "\(run)")
            let object = try #require(try run.objects().first)
            #expect(OnceTests.keys.map { object[$0] as? Int }.prefix(8) == [3, 1, 0, 2, 0, 0, 0, 1])
            #expect(try String(contentsOf: scratch.folder.appending(path: "payload"), encoding: .utf8) == payload)
            #expect(run.errors.contains("Tasks named \"OKK\" wait"))

            let failed = try await scratch.taskrun("list", "--status", "FAILED", "--json").objects()
            #expect(failed.map { $0["id"] as? Int } == [2, 3])
            #expect(try await scratch.taskrun("show", "2").output.contains("no such mailbox"))
            #expect(try await scratch.taskrun("retry", "2").lines == ["2 is WAITING again"])
            #expect(try await scratch.taskrun("delete", "3", "99").lines == ["3 is deleted", "99 does not exist"])
            let status = try await scratch.taskrun("status")
            #expect(status.lines.contains { $0.hasPrefix("default  BAD ") })
            #expect(
                try await scratch.sql("SELECT id, task_name, status, attempts FROM tasks ORDER BY id") == [
                    "2|BAD|WAITING|0", "4|OKK|WAITING|0",
                ]
            )
            #expect(try await scratch.taskrun("check").status == 0)
        }
    }

    @Test("the SQL that --print writes makes the same database as migrate", arguments: Scratch.Database.withPoolers)
    func printed(_ database: Scratch.Database) async throws {
        try await Scratch.with(database, tables: false) { scratch async throws in
            let script = try await scratch.taskrun("migrate", "--print")
            #expect(script.status == 0)
            try await scratch.sql(script.output)
            #expect(try await scratch.taskrun("migrate").output.hasSuffix(" is up to date.\n"))
            #expect(try await scratch.taskrun("add", "X").output == "1\n")
        }
    }

    @Test("an SQL file is performed in the transaction that deletes the row", arguments: Scratch.Database.withPoolers)
    func script(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try await scratch.sql("CREATE TABLE accounts (id integer); INSERT INTO accounts VALUES (1), (2)")
            try scratch.write("DELETE FROM accounts WHERE id = :id;\n", to: "handlers/ACCOUNT_DELETE.sql")
            try await scratch.taskrunOK("add", "ACCOUNT_DELETE", "{\"id\":2}")
            let answer = try await scratch.taskrun("once")
            #expect(answer.status == 0)
            #expect(answer.errors.isEmpty, "\(answer.errors)")
            #expect(try await scratch.sql("SELECT id FROM accounts") == ["1"])
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("after SIGTERM and after kill -9 tasks come back as they should", arguments: Scratch.Database.withPoolers)
    func signals(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.write("grace: 10s\n", to: "taskrun.yaml")
            try scratch.handler("WAIT", "[ -e go ] && exit 0; touch began; exec sleep 600")
            try await scratch.taskrunOK("add", "WAIT")
            for signal in [SIGTERM, SIGKILL] {
                let run = try scratch.start(["once"])
                try await eventually("the handler has begun") { scratch.has("began") }
                kill(run.pid, signal)
                #expect(try await run.answer().status == (signal == SIGTERM ? 0 : 128 + SIGKILL))
                let state = signal == SIGTERM ? "WAITING|0" : "PROCESSING|1"
                #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == [state])
                try FileManager.default.removeItem(at: scratch.folder.appending(path: "began"))
            }
            try scratch.write("", to: "go")
            let object = try #require(try await scratch.taskrun("once", "--json").objects().first)
            #expect(object["recovered"] as? Int == 1)
            #expect(object["succeeded"] as? Int == 1)
        }
    }
}
