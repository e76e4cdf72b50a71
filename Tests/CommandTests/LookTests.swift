import Foundation
import Testing

/// status, list and show.
@Suite struct LookTests {
    static let columns = [
        "id", "task_name", "created_at", "data", "status", "queue", "priority", "run_at", "attempts", "max_attempts",
        "timeout_seconds", "lease_owner", "lease_expires_at", "claim_no", "crashes", "last_error", "dedupe_key",
        "lock_key",
        "lock_place", "expires_at", "token", "progress_done", "progress_total", "progress_note", "cancel_requested_at",
        "batch", "after_batch", "postponed", "failed_at",
    ]

    @Test("an empty table is said to be one")
    func empty() async throws {
        try await Scratch.with { scratch async throws in
            #expect(try await scratch.taskrun("status").output == "No tasks.\n")
            #expect(try await scratch.taskrun("list").output == "No tasks.\n")
            #expect(try await scratch.taskrun("list", "--json").output.isEmpty)
            let summary =
                #"{"waiting":0,"due":0,"running":0,"claimed":0,"failed":0,"paused_queues":0,"oldest_due":null,"runs":0,"#
                + #""slots":0,"last_run":null,"no_run":null,"is_trouble":false,"is_partial":false}"#
            let lists = #"{"tasks":[],"unknown_names":[],"runs":[],"paused_queues":[],"summary":"#
            #expect(
                try await scratch.taskrun("status", "--json").output
                    == "\(lists)\(summary),\"reasons\":[],\"horizon\":null}\n"
            )
        }
    }

    @Test("list shows rows by number, and filters them by state, name and queue")
    func list() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql(
                """
                INSERT INTO tasks (task_name, queue, status, last_error) VALUES
                ('A', 'default', 'WAITING', NULL), ('B', 'mail', 'FAILED', 'first line\nsecond'), ('A', 'mail', 'FAILED', NULL)
                """
            )
            let all = try await scratch.taskrun("list")
            #expect(all.lines.count == 4)
            #expect(all.output.contains("first line"))
            #expect(!all.output.contains("second"))
            func ids(_ arguments: String...) async throws -> [Int] {
                try await scratch.start(["list", "--json"] + arguments).answer().objects().compactMap {
                    $0["id"] as? Int
                }
            }
            #expect(try await ids() == [1, 2, 3])
            #expect(try await ids("--status", "failed") == [2, 3])
            #expect(try await ids("--name", "A", "--queue", "mail") == [3])
            #expect(try await ids("--limit", "2") == [1, 2])
            #expect(
                try await scratch.taskrun("list", "--limit", "2").output.contains(
                    "These are the first 2. For more, use --limit."
                )
            )
        }
    }

    @Test("a row as JSON has the columns as keys, the payload as it is, and dates in UTC with Z")
    func json() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql(
                "INSERT INTO tasks (task_name, created_at, run_at, data) VALUES ('A', '2012-01-01 00:00:00', '2012-01-01T02:00:00.5+02:00', '{\"x\":\n[1e400]}')"
            )
            let list = try await scratch.taskrun("list", "--json")
            let show = try await scratch.taskrun("show", "1", "--json")
            let explained = try await scratch.taskrun("list", "--json", "--why")
            #expect(explained.output.dropLast(2) + #","history":[],"failures":[]}"# + "\n" == show.output)
            let end = #","reason":"no_handler","why":"this host has no handler named \"A\""}"#
            #expect(explained.output == list.output.dropLast(2) + end + "\n")
            #expect(list.lines.count == 1)
            #expect(list.output.contains("\"data\":{\"x\": [1e400]}"))
            #expect(list.output.contains("\"created_at\":\"2012-01-01T00:00:00.000Z\""))
            #expect(list.output.contains("\"run_at\":\"2012-01-01T00:00:00.500Z\""))
            let keys = list.output.matches(of: #/"([a-z_]+)":/#).map { String($0.1) }.filter { $0 != "x" }
            #expect(keys == Self.columns)
        }
    }

    @Test("show prints the whole payload and the whole last error")
    func show() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql(
                "INSERT INTO tasks (task_name, data, status, last_error) VALUES ('A', '{ \"a\" : 1 }', 'FAILED', 'one\ntwo\u{1b}[31m')"
            )
            let answer = try await scratch.taskrun("show", "1")
            #expect(answer.output.contains("\ndata\n{ \"a\" : 1 }\n"))
            #expect(answer.output.contains("\nlast_error\none\ntwo\u{FFFD}[31m\n"))
            let missing = try await scratch.taskrun("show", "99")
            #expect(missing.status == 1)
            #expect(missing.errors.contains("there is no task 99 in sqlite:tasks.db"))
        }
    }

    @Test("status counts by queue and name, and says how long the oldest due task has waited")
    func status() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql(
                """
                INSERT INTO tasks (task_name, queue, status, run_at, lease_expires_at) VALUES
                ('CONTACT_EMAIL', 'mail', 'WAITING', datetime('now', '-3 minutes'), NULL),
                ('CONTACT_EMAIL', 'mail', 'WAITING', datetime('now', '+1 hour'), NULL),
                ('CONTACT_EMAIL', 'mail', 'FAILED', datetime('now'), NULL),
                ('CONTACT_EMIAL', 'default', 'WAITING', datetime('now'), NULL)
                """
            )
            let answer = try await scratch.taskrun("status")
            let row = try #require(answer.lines.first { $0.hasPrefix("mail") })
            #expect(row.split(separator: " ").joined(separator: " ") == "mail CONTACT_EMAIL 2 1 0 1 3 min ago")
            #expect(
                answer.output.contains(
                    "1 task named \"CONTACT_EMIAL\" waits, but no host has a handler of that name (did you mean \"CONTACT_EMAIL\"?)."
                )
            )
            let object = try #require(try await scratch.taskrun("status", "--json").objects().first)
            let tasks = try #require(object["tasks"] as? [[String: Any]])
            #expect(tasks.count == 2)
            #expect(tasks[1]["waiting"] as? Int == 2)
            #expect(tasks[1]["failed"] as? Int == 1)
            let unknown = try #require(object["unknown_names"] as? [[String: Any]])
            #expect(unknown.first?["nearest"] as? String == "CONTACT_EMAIL")
        }
    }

    @Test("status tells runs that are alive from those that are dead and those it cannot see")
    func runs() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("WAIT", "touch began; while [ ! -e go ]; do sleep 0.05; done")
            try await scratch.taskrunOK("add", "WAIT")
            let run = try scratch.start(["once"])
            try await eventually("the handler has begun") { scratch.has("began") }
            let owner = try #require(try await scratch.sql("SELECT lease_owner FROM tasks").first)
            let parts = owner.split(separator: " ").map(String.init)
            // The same process number with another start time is a process that is gone.
            let dead = [parts[0], parts[1], "1", parts[3], parts[4]].joined(separator: " ")
            try await scratch.sql(
                """
                INSERT INTO tasks (task_name, status, lease_owner, lease_expires_at)
                VALUES ('X', 'PROCESSING', '\(dead)', datetime('now', '+1 hour')),
                ('X', 'PROCESSING', 'elsewhere 7 7 other-boot 7', datetime('now', '+1 hour')), ('X', 'PROCESSING', NULL, NULL)
                """
            )
            let object = try #require(try await scratch.taskrun("status", "--json").objects().first)
            let runs = try #require(object["runs"] as? [[String: Any]])
            let states = Dictionary(
                uniqueKeysWithValues: runs.map { ($0["owner"] as? String ?? "none", $0["state"] as? String) }
            )
            #expect(states[owner] == "alive")
            #expect(states[dead] == "dead")
            #expect(states["elsewhere 7 7 other-boot 7"] == "unknown")
            #expect(states["none"] == "unknown")
            let table = try await scratch.taskrun("status")
            #expect(table.lines.contains { $0.hasPrefix("run \(run.pid) on \(parts[0]) ") && $0.contains(" alive ") })
            try scratch.write("", to: "go")
            #expect(try await run.answer().status == 0)
        }
    }

    @Test("retry sends FAILED tasks back and says which numbers it left, and why")
    func retry() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql(
                "INSERT INTO tasks (task_name, status, attempts) VALUES ('A', 'FAILED', 9), ('A', 'WAITING', 2), ('B', 'FAILED', 1), ('B', 'FAILED', 1)"
            )
            let answer = try await scratch.taskrun("retry", "1", "2", "99", "1")
            #expect(answer.status == 1)
            #expect(
                answer.lines == [
                    "1 is WAITING again", "2 is WAITING: not FAILED, so left as it is", "99 does not exist",
                ]
            )
            #expect(
                try await scratch.sql("SELECT status, attempts FROM tasks WHERE id IN (1, 2)") == [
                    "WAITING|0", "WAITING|2",
                ]
            )
            let json = try await scratch.taskrun("retry", "3", "98", "--json")
            #expect(json.output == "{\"id\":3,\"retried\":true}\n{\"id\":98,\"retried\":false,\"status\":null}\n")
            #expect(try await scratch.taskrun("retry", "--name", "B").output == "1 task made WAITING again.\n")
            let none = try await scratch.taskrun("retry", "--all-failed")
            #expect(none.output == "No FAILED tasks.\n")
            #expect(none.status == 0)
        }
    }

    @Test("delete removes what is not PROCESSING and says what it left, and why")
    func delete() async throws {
        try await Scratch.with { scratch async throws in
            try await scratch.sql(
                "INSERT INTO tasks (task_name, status) VALUES ('A', 'FAILED'), ('A', 'PROCESSING'), ('A', 'WAITING')"
            )
            let answer = try await scratch.taskrun("delete", "1", "2", "3")
            #expect(answer.status == 1)
            #expect(
                answer.lines == ["1 is deleted", "2 is PROCESSING: a run holds it, so left as it is", "3 is deleted"]
            )
            #expect(try await scratch.sql("SELECT id FROM tasks") == ["2"])
            let json = try await scratch.taskrun("delete", "2", "--json")
            #expect(json.output == "{\"id\":2,\"deleted\":false,\"status\":\"PROCESSING\"}\n")
        }
    }
}
