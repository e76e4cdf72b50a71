import Testing

/// Everything that can keep tasks waiting, in one table at once.
@Suite struct MessTests {
    /// The name of each task of the mess, and the reason that it waits for while a host is full.
    private static let reasons = [
        "PAUSED": "queue_paused", "CONTACT_EMIAL": "no_handler", "LOCKED": "lock_key", "AFTER": "batch",
        "GIVEN_UP": "failed", "LIMITED": "limit_running", "TRIES_AGAIN": "backoff", "BY_NIGHT": "postponed_by_hook",
        "BUSY": "no_slot_anywhere", "HELD": "held",
    ]

    @Test("why names the cause of each task, and status alone shows all causes", arguments: Scratch.Database.allCases)
    func mess(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            let place = scratch.setting(["TASKRUN_BACKOFF_BASE": "1h", "COLUMNS": "80"])
            try await Self.make(in: place, database)

            let listed = try await place.taskrun("list", "--why", "--json").objects()
            var found: [String: String] = [:]
            for object in listed {
                let id = try #require(object["id"] as? Int)
                let name = try #require(object["task_name"] as? String)
                let why = try #require(try await place.taskrun("why", "\(id)", "--json").objects().first)
                #expect(why["reason"] as? String == object["reason"] as? String, "\(name)")
                found[name] = why["reason"] as? String
            }
            #expect(found == Self.reasons)
            let full = try await place.taskrun("status").output
            #expect(full.contains("due, while all handler slots (2) of web7 are in use"), "\(full)")

            // Then no run comes any more, and the other host is lost.
            try await place.sql("UPDATE task_runs SET seen_at = \(database.moment(-11_000))")
            try await place.expectWhy(try await Self.id(of: "BUSY", in: place), "no_run", ["is cron alive?"])
            let status = try await place.taskrun("status", "--exit-code")
            #expect(status.status == 1)
            for cause in [
                "8 waiting, 2 claimed, 1 failed, 1 queue paused", "No run for 3 h: is cron alive? The last one was on ",
                "Queue mail is paused until it is resumed: the provider is down",
                #"1 task named "CONTACT_EMIAL" waits, but no host has a handler of that name"#,
                "behind other tasks with the same lock key", #"behind the open tasks of batch "b""#,
                "behind the limit of task name LIMITED: 0 at once", "after a failed attempt; the first is due at 20",
                "postponed by the hook before-perform; the first is due at 20", "run 7 on web7  lost",
            ] {
                #expect(status.output.contains(cause), "\(cause) is not in\n\(status.output)")
            }
        }
    }

    private static func make(in place: Scratch, _ database: Scratch.Database) async throws {
        for name in ["PAUSED", "LOCKED", "AFTER", "LIMITED", "BY_NIGHT", "BUSY"] {
            try place.handler(name, "exit 0")
        }
        try place.handler("GIVEN_UP", "echo no such account >&2; exit 65")
        try place.handler("TRIES_AGAIN", "echo no answer >&2; exit 1")
        try place.write(
            """
            #!/bin/sh
            [ "$TASKRUN_TASK_NAME" = BY_NIGHT ] || exit 0
            echo retry_after=9000 >> "$TASKRUN_OUTPUT"
            echo note=not by day >> "$TASKRUN_OUTPUT"
            exit 75

            """,
            to: "hooks/before-perform",
            mode: 0o755
        )
        for name in ["GIVEN_UP", "TRIES_AGAIN", "BY_NIGHT"] { try await place.taskrunOK("add", name) }
        #expect(try await place.taskrun("once").status == 0)
        try await place.expectWhy(
            try await id(of: "BY_NIGHT", in: place),
            "postponed_by_hook",
            ["the hook before-perform has postponed it (not by day); it is due at 20", " (in 2 h)"]
        )
        try await place.taskrunOK("pause", "mail", "--why", "the provider is down")
        try await place.taskrunOK("limit", "--name", "LIMITED", "--running", "0")
        let now = database.moment(0)
        let lease = database.moment(300)
        try await place.sql(
            """
            INSERT INTO tasks (task_name, queue) VALUES ('PAUSED', 'mail');
            INSERT INTO tasks (task_name, batch) VALUES ('CONTACT_EMIAL', 'b');
            INSERT INTO tasks (task_name, after_batch) VALUES ('AFTER', 'b');
            INSERT INTO tasks (task_name) VALUES ('LIMITED'), ('BUSY');
            INSERT INTO tasks (task_name, status, lock_key, lock_place, lease_owner, lease_expires_at) VALUES
                ('HELD', 'PROCESSING', 'customer 7', 2, 'web7 7 7 boot 7', \(lease)),
                ('HELD', 'PROCESSING', NULL, 0, 'web7 7 7 boot 7', \(lease));
            INSERT INTO tasks (task_name, lock_key) VALUES ('LOCKED', 'customer 7');
            INSERT INTO task_runs (run, origin, host, pid, user_name, command, version, names, slots, began_at,
                seen_at, is_idle)
            VALUES ('web7 7 7 boot 7', 'o', 'web7', 7, 'u', 'c', '1', '["BUSY"]', 2, \(now), \(now), false);
            """
        )
    }

    private static func id(of name: String, in place: Scratch) async throws -> Int {
        let ids = try await place.sql("SELECT id FROM tasks WHERE task_name = '\(name)'")
        return try #require(ids.first.flatMap { Int($0) })
    }
}
