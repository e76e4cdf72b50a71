import Foundation
import TestSupport
import Testing

/// What `history` and `show` tell of tasks that have ended.
@Suite("History of tasks")
struct HistoryTests {
    @Test("each end is a line, the newest first, and options choose", arguments: Scratch.Database.withPoolers)
    func list(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            #expect(try await place.taskrun("history").output == "No tasks have ended that fulfil this.\n")
            try place.handler("OK", "exit 0")
            try place.handler("BAD", "echo broken >&2; exit 65")
            try place.handler("HIT", "kill -9 $$")
            try place.write("SELECT 1;", to: "handlers/FILE.sql")
            for name in ["OK", "BAD", "HIT", "FILE"] {
                try await place.taskrunOK("add", name, "--batch", "b", "--max-attempts", "1")
                _ = try await place.taskrun("once")
            }
            let lines = try await place.taskrun("history", "--json").objects()
            #expect(lines.map { $0["task_name"] as? String } == ["FILE", "HIT", "BAD", "OK"])
            #expect(lines.map { $0["status"] as? String } == ["COMPLETE", "FAILED", "FAILED", "COMPLETE"])
            #expect(lines.map { $0["exit_code"] as? Int } == [nil, nil, 65, 0])
            #expect(lines.map { $0["signal"] as? Int } == [nil, 9, nil, nil])
            #expect(lines.allSatisfy { $0["attempts"] as? Int == 1 && $0["host"] is String && $0["batch"] is String })
            #expect(lines.allSatisfy { $0["waited"] is Double && $0["ran"] is Double && $0["ended_at"] is String })
            func names(_ options: String...) async throws -> [String?] {
                try await place.start(["history", "--json"] + options).answer().objects().map {
                    $0["task_name"] as? String
                }
            }
            #expect(try await names("--status", "failed") == ["HIT", "BAD"])
            #expect(try await names("--name", "OK", "--since", "1h") == ["OK"])
            #expect(try await names("--batch", "b", "--limit", "1") == ["FILE"])
            #expect(try await names("--queue", "mail") == [])
            #expect(try await names("--since", "2001-01-01T00:00Z", "--limit", "2") == ["FILE", "HIT"])
            let table = try await place.taskrun("history", "--limit", "3").lines
            try #require(table.count == 5)
            #expect(table[0].hasPrefix("ended") && table[2].contains("signal 9"))
            #expect(table[4] == "These are the newest 3. For more, use --limit.")
            let unknown = try await place.taskrun("history", "--name", "BADD")
            #expect(unknown.status == 0)
            #expect(unknown.output == "The history has no task with the name \"BADD\". Did you mean \"BAD\"?\n")
        }
    }

    @Test("a time that is none, or in the future, is refused")
    func since() async throws {
        try await Scratch.with(.sqlite) { place in
            let future = try await place.taskrun("history", "--since", "2999-01-01T00:00Z")
            #expect(future.status == 64 && future.errors.contains("which is in the future"), "\(future)")
            let none = try await place.taskrun("history", "--since", "yesterday")
            #expect(none.status == 64 && none.errors.contains("expected a number with a unit"), "\(none)")
            let state = try await place.taskrun("history", "--status", "DONE")
            #expect(state.status == 64 && state.errors.contains("COMPLETE"), "\(state)")
        }
    }

    @Test("show tells the story of a task, also after its row is gone", arguments: Scratch.Database.allCases)
    func show(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("MAIL", "[ -e works ] || { echo no server >&2; exit 65; }")
            let added = try await place.taskrun("add", "MAIL", "--with-token", "mail-123")
            #expect(added.status == 0, "\(added)")
            _ = try await place.taskrun("once")
            let failed = try await place.taskrun("show", "1")
            #expect(
                failed.output.contains("failed attempts") && failed.output.contains("    exit status 65: no server")
            )
            try place.write("", to: "works")
            try await place.taskrunOK("retry", "1")
            try await place.taskrunOK("once")
            for word in ["1", "mail-123"] {
                let gone = try await place.taskrun("show", word)
                #expect(gone.status == 0 && gone.output.contains("The row of the task is gone."), "\(gone)")
                #expect(gone.output.contains("COMPLETE") && gone.output.contains("FAILED"))
                let story = try #require(try await place.taskrun("show", word, "--json").objects().first)
                #expect(story["id"] as? Int == 1 && story["status"] as? String == "COMPLETE")
                let (ends, failures) = (story["history"] as? [[String: Any]], story["failures"] as? [[String: Any]])
                #expect(ends?.map { $0["status"] as? String } == ["FAILED", "COMPLETE"])
                #expect(failures?.map { $0["error"] as? String } == ["exit status 65: no server"])
            }
            let never = try await place.taskrun("show", "7")
            #expect(never.status == 1 && never.errors.contains("there is no task 7 in"), "\(never)")
            let token = try await place.taskrun("show", "7", "--token")
            #expect(token.status == 1 && token.errors.contains("there is no task with the token 7 in"), "\(token)")
        }
    }

    @Test("with history: none nothing is written, for all tasks or for a name", arguments: Scratch.Database.allCases)
    func none(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("A", "exit 65")
            try place.handler("B", "exit 0")
            try place.write("tasks:\n  A:\n    history: none\n", to: "taskrun.yaml")
            func perform() async throws {
                for name in ["A", "B"] { try await place.taskrunOK("add", name) }
                _ = try await place.taskrun("once", "--config", "taskrun.yaml", "--handlers", "handlers")
            }
            try await perform()
            #expect(try await place.sql("SELECT task_name FROM task_history") == ["B"])
            #expect(try await place.sql("SELECT count(*) FROM task_failures") == ["0"])
            try place.write("history: none\n", to: "taskrun.yaml")
            try await perform()
            #expect(try await place.sql("SELECT task_name FROM task_history") == ["B"])
            let answer = try await place.taskrun("history", "--name", "C", "--config", "taskrun.yaml")
            #expect(answer.output == "No tasks: the setting history is none for C.\n", "\(answer)")
            try place.write("history: week\n", to: "taskrun.yaml")
            let wrong = try await place.taskrun("history", "--config", "taskrun.yaml")
            #expect(wrong.status == 78 && wrong.errors.contains("expected none, or a duration"), "\(wrong)")
        }
    }

    @Test("a role that may not write the history settles its tasks, and says so once")
    func rights() async throws {
        try await Scratch.with(.postgresql) { owner in
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let role = "forgetting_\(schema)"
            try await owner.sql(
                """
                CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(role);
                REVOKE ALL ON task_history, task_failures FROM \(role);
                """
            )
            let place = owner.setting(["TASKRUN_DATABASE": url.replacing("postgres@/", with: "\(role)@/")])
            try owner.handler("OK", "exit 0")
            try owner.handler("BAD", "exit 65")
            try owner.write("SELECT 1;", to: "handlers/FILE.sql")
            for name in ["OK", "OK", "BAD", "FILE"] { try await place.taskrunOK("add", name) }
            let run = try await place.taskrun("once", "--concurrency", "1")
            #expect(run.errors.ranges(of: "cannot write the history").count == 1, "\(run)")
            #expect(run.errors.contains("permission denied") && run.errors.contains("GRANT") || !run.errors.isEmpty)
            #expect(try await owner.sql("SELECT task_name, status FROM tasks") == ["BAD|FAILED"])
            #expect(try await place.taskrun("show", "3").output.contains("FAILED"))
            try await owner.sql("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }
}
