import Foundation
import TestSupport
import Testing

/// why, and the same sentences in show and list.
@Suite struct WhyTests {
    @Test("not due: the local time, and in how long", arguments: Scratch.Database.withPoolers)
    func notDue(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            let tokyo = place.setting(["TZ": "Asia/Tokyo"])
            try tokyo.handler("OK", "exit 0")
            try await tokyo.taskrunOK("add", "OK", "--delay", "3h")
            try await tokyo.expectWhy(1, "not_due", ["not due before 20", " JST (in 2 h)"])
            let object = try #require(try await tokyo.taskrun("why", "1", "--json").objects().first)
            #expect((object["until"] as? String)?.hasSuffix("Z") == true)
            try await tokyo.expectCommand(1, " retry --now 1")
            try await tokyo.expectWhy(
                1,
                "unclaimed",
                ["due for ", ": the next run takes it. No run has claimed it yet"]
            )
        }
    }

    @Test("due: no run has claimed it yet; after minutes it asks for cron", arguments: Scratch.Database.allCases)
    func unclaimed(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("OK", "exit 0")
            try await place.sql("INSERT INTO tasks (task_name, run_at) VALUES ('OK', \(database.moment(-9000)))")
            try await place.expectWhy(
                1,
                "unclaimed",
                ["due for 2 h: the next run takes it. No run has claimed it yet; is cron running?"],
                command: " check"
            )
            #expect(try await place.taskrun("why", "1").output.hasPrefix("Task 1 (OK) is WAITING: due for 2 h: "))
        }
    }

    @Test("no handler on this host, with the nearest name", arguments: Scratch.Database.allCases)
    func noHandler(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('CONTACT_EMIAL')")
            let sentence = #"this host has no handler named "CONTACT_EMIAL" (did you mean "CONTACT_EMAIL"?)"#
            try await place.expectWhy(1, "no_handler", [sentence], command: " handlers")
            #expect(
                try await place.taskrun("why", "1").lines.first == "Task 1 (CONTACT_EMIAL) is WAITING: \(sentence)."
            )
        }
    }

    @Test("a paused queue: by whom, why and until when", arguments: Scratch.Database.allCases)
    func paused(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("add", "OK", "--queue", "mail")
            try await place.taskrunOK("pause", "mail", "--for", "3h", "--why", "the provider is down")
            try await place.expectWhy(
                1,
                "queue_paused",
                ["queue mail is paused until 20", " (in 2 h): the provider is down (", "@"]
            )
            try await place.taskrunOK("pause", "mail")
            try await place.expectWhy(1, "queue_paused", ["queue mail is paused until it is resumed ("])
            try await place.expectCommand(1, " resume mail")
            #expect(try await place.taskrun("queues").output.contains("paused") == false)
        }
    }

    @Test("further reasons follow the first one", arguments: Scratch.Database.allCases)
    func further(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try await place.taskrunOK("add", "NONE", "--queue", "mail", "--delay", "1h")
            try await place.taskrunOK("pause", "mail")
            let lines = try await place.taskrun("why", "1").lines.filter { !$0.hasPrefix("  → ") }
            try #require(lines.count == 3, "\(lines)")
            #expect(lines[0].hasPrefix("Task 1 (NONE) is WAITING: this host has no handler named \"NONE\""))
            #expect(lines[1].hasPrefix("Also: queue mail is paused"))
            #expect(lines[2].hasPrefix("Also: not due before"))
            let object = try #require(try await place.taskrun("why", "1", "--json").objects().first)
            let also = try #require(object["also"] as? [[String: Any]])
            #expect(also.map { $0["reason"] as? String } == ["queue_paused", "not_due"])
            #expect((also[0]["command"] as? String)?.hasSuffix(" resume mail") == true)
        }
    }

    @Test("a limit at once: which, and who uses it", arguments: Scratch.Database.allCases)
    func limitRunning(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try await place.taskrunOK("limit", "--name", "WAIT", "--running", "1")
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('WAIT'), ('WAIT')")
            try await place.whileRunning { run in
                try await place.expectWhy(
                    2,
                    "limit_running",
                    ["task name WAIT is limited to 1 task at once, and 1 runs: task 1 (WAIT, run \(run.pid) on "],
                    command: " limit --name WAIT --running 2"
                )
            }
        }
        try await Scratch.with(database) { place async throws in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("limit", "mail", "--running", "0")
            try await place.taskrunOK("add", "OK", "--queue", "mail")
            try await place.expectWhy(1, "limit_running", ["queue mail has a limit of 0 tasks at once: none begins"])
        }
    }

    @Test("a limit per minute, and when the next minute begins", arguments: Scratch.Database.allCases)
    func limitMinute(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("limit", "mail", "--per-minute", "1")
            try await place.sql("INSERT INTO tasks (task_name, queue) VALUES ('OK', 'mail'), ('OK', 'mail')")
            try await place.taskrunOK("once", "--window", "1s")
            try await place.expectWhy(
                2,
                "limit_per_minute",
                [
                    "queue mail is limited to 1 start per minute, and 1 has begun; the next minute begins at 20",
                    " (in ",
                ],
                command: " limit mail --per-minute 2"
            )
        }
    }

    @Test("a lock key: who holds it, for how long, and how many come before", arguments: Scratch.Database.allCases)
    func lockKey(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.waitHandler()
            try await place.sql(
                """
                INSERT INTO tasks (task_name, lock_key, run_at) VALUES
                ('WAIT', 'customer 7', \(database.moment(-9000))), ('WAIT', 'customer 7', \(database.moment(-9000))),
                ('WAIT', 'customer 7', \(database.moment(-8000)))
                """
            )
            try await place.expectWhy(
                2,
                "lock_key",
                [#"the first task with lock key "customer 7" is task 1 (WAIT), which is due for 2 h"#],
                command: " why 1"
            )
            try await place.whileRunning { run in
                let held = #"lock key "customer 7" is held by task 1 (WAIT), for at most 2 h: run \#(run.pid) on "#
                try await place.expectWhy(2, "lock_key", [held, ", which is alive, holds it until 20"])
                try await place.expectWhy(3, "lock_key", [held, "; 1 more task comes before this one"])
                kill(run.pid, SIGKILL)
                try await eventually("the run is seen as dead") {
                    try await place.taskrun("why", "2").output.contains(
                        " held it and is dead: the next run on this host"
                    )
                }
            }
        }
        try await Scratch.with(database) { scratch async throws in
            let place = scratch.setting(["TASKRUN_BACKOFF_BASE": "1h"])
            try place.handler("FAIL", "exit 1")
            try await place.sql("INSERT INTO tasks (task_name, lock_key) VALUES ('FAIL', 'k'), ('FAIL', 'k')")
            try await place.taskrunOK("once", "--window", "1s")
            try await place.expectWhy(
                2,
                "lock_key",
                [#"lock key "k" is held by task 1 (FAIL), which waits until 20"#, " (in "]
            )
        }
    }

    @Test("a batch: how many are left, and the oldest", arguments: Scratch.Database.allCases)
    func batch(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.waitHandler()
            try await place.taskrunOK("limit", "--name", "WAIT", "--running", "1")
            try await place.sql(
                "INSERT INTO tasks (task_name, batch) VALUES ('LATER', 'b'), ('WAIT', 'b'), ('WAIT', 'b')"
            )
            try await place.taskrunOK("add", "WAIT", "--after-batch", "b")
            try await place.taskrunOK("add", "WAIT", "--after-batch", "empty")
            try await place.expectWhy(
                4,
                "batch",
                [#"waits for batch "b", of which 3 tasks are left; the oldest is task 1 (LATER), which is due for "#],
                command: " why 1"
            )
            try await place.expectWhy(
                5,
                "batch",
                [#"waits for batch "empty", which has no open task: the next run makes it due"#]
            )
            try await place.sql("DELETE FROM tasks WHERE id = 5")
            try await place.whileRunning { run in
                try await place.expectWhy(
                    4,
                    "batch",
                    ["; the oldest is task 2 (WAIT), for at most ", ": run \(run.pid) on ", "is alive, holds it until"]
                )
            }
        }
    }

    @Test(
        "a backoff: which attempt of how many, the error, and when the next one is",
        arguments: Scratch.Database.allCases
    )
    func backoff(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            let place = scratch.setting(["TASKRUN_BACKOFF_BASE": "1h"])
            try place.handler("FAIL", "echo no such mailbox >&2; exit 1")
            try await place.sql("INSERT INTO tasks (task_name, max_attempts) VALUES ('FAIL', NULL), ('FAIL', 3)")
            try await place.taskrunOK("once", "--window", "1s")
            try await place.expectWhy(
                1,
                "backoff",
                ["attempt 1 of 20 failed (", "no such mailbox); the next one is due at 20", " (in "]
            )
            try await place.expectWhy(2, "backoff", ["attempt 1 of 3 failed ("])
            try await place.expectCommand(1, " retry --now 1")
            let object = try #require(try await place.taskrun("why", "1", "--json").objects().first)
            #expect(object["reason"] as? String == "unclaimed", "\(object)")
        }
    }

    @Test("a handler that asked for later", arguments: Scratch.Database.allCases)
    func postponed(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("LATER", #"echo retry_after=9000 >> "$TASKRUN_OUTPUT"; exit 75"#)
            try await place.taskrunOK("add", "LATER")
            try await place.taskrunOK("once")
            try await place.expectWhy(
                1,
                "postponed",
                ["its handler asked to get it later; it is due at 20", " (in 2 h)"]
            )
            try await place.sql("UPDATE tasks SET postponed = 3")
            try await place.expectWhy(
                1,
                "postponed",
                ["asked to get it later, for the 3rd time in a row; it is due at"]
            )
        }
    }

    @Test("held: by which run until when, alive, dead or not to be seen", arguments: Scratch.Database.allCases)
    func held(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try await place.taskrunOK("add", "WAIT")
            try await place.whileRunning { run in
                try await place.expectWhy(
                    1,
                    "held",
                    ["run \(run.pid) on ", ", which is alive, holds it for attempt 1 until 20", " (in "]
                )
                kill(run.pid, SIGKILL)
                try await eventually("the run is seen as dead") {
                    try await place.taskrun("why", "1").output.contains("is dead")
                }
                try await place.expectWhy(
                    1,
                    "held",
                    ["run \(run.pid) on ", " held it and is dead: the next run on this host takes the task over"],
                    command: " retry 1"
                )
            }
            try await place.sql(
                """
                INSERT INTO tasks (task_name, status, attempts, lease_owner, lease_expires_at) VALUES
                ('X', 'PROCESSING', 2, 'web2 7 7 other-boot 7', \(database.moment(9000))),
                ('X', 'PROCESSING', 2, 'web2 7 7 other-boot 7', \(database.moment(-9000)))
                """
            )
            try await place.expectWhy(
                2,
                "held",
                ["run 7 on web2 holds it for attempt 2 until 20", "; this host cannot see whether that run is alive"]
            )
            try await place.sql("UPDATE tasks SET cancel_requested_at = \(database.moment(-9000)) WHERE id = 2")
            try await place.expectWhy(2, "held", ["; the run was asked to cancel it 2 h ago"])
            try await place.expectWhy(
                3,
                "held",
                ["the lease of run 7 on web2 ended 2 h ago: the next run takes it over"]
            )
        }
    }

    @Test("all handler slots of this host are in use", arguments: Scratch.Database.allCases)
    func noSlot(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            let small = place.setting(["TASKRUN_CONCURRENCY": "1"])
            try small.handler("OK", "exit 0")
            try await small.sql("INSERT INTO tasks (task_name) VALUES ('WAIT'), ('OK')")
            try await small.whileRunning { run in
                // A short task may have been claimed ahead of its slot.
                try await small.sql("INSERT INTO tasks (task_name) VALUES ('OK')")
                try await small.expectWhy(
                    3,
                    "no_slot",
                    ["due, but the only handler slot of this host is in use: task 1 (WAIT, run \(run.pid) on "]
                )
            }
        }
    }

    @Test("expired, to be cancelled, crashed, with an end that is refused", arguments: Scratch.Database.allCases)
    func rare(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("OK", "exit 0")
            let (past, soon) = (database.moment(-9000), database.moment(9000))
            try await place.sql("INSERT INTO tasks (task_name, expires_at) VALUES ('OK', \(past))")
            try await place.sql("INSERT INTO tasks (task_name, cancel_requested_at) VALUES ('OK', \(past))")
            try await place.sql("INSERT INTO tasks (task_name, crashes) VALUES ('OK', 3)")
            try await place.sql(
                "INSERT INTO tasks (task_name, status, claim_no, lease_expires_at) VALUES ('OK', 'PROCESSING', 1, \(soon))"
            )
            let isDone = database == .sqlite ? "1" : "true"
            try await place.sql(
                "INSERT INTO task_stuck (task_id, claim_no, is_done, error) VALUES (4, 1, \(isDone), 'a key refuses it')"
            )
            try await place.expectWhy(
                1,
                "expired",
                ["expired at 20", " (2 h ago), before it began: the next run makes it FAILED"]
            )
            try await place.expectWhy(2, "cancelled", ["was asked for at 20", ": the next run removes it"])
            try await place.expectWhy(
                3,
                "crashed",
                ["its runs have died 3 times in a row: a run begins it only while it holds no other task"]
            )
            try await place.expectWhy(
                4,
                "stuck",
                [
                    "its handler has ended, but the database refuses that end: a key refuses it. It is not performed again"
                ],
                command: " check"
            )
        }
    }

    @Test("FAILED: when, after how many attempts, with which error", arguments: Scratch.Database.allCases)
    func failed(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("FAIL", "echo no such mailbox >&2; exit 65")
            try await place.taskrunOK("add", "FAIL", "--with-token", "t")
            try await place.taskrunOK("add", "FAIL")
            try await place.taskrunOK("once")
            try await place.expectWhy(1, "failed", ["given up after 1 attempt, at 20", "no such mailbox"])
            try await place.expectWhy(2, "failed", ["given up after 1 attempt, at 20", "no such mailbox"])
            let byToken = try await place.taskrun("why", "t")
            #expect(byToken.output.hasPrefix("Task 1 (FAIL) is FAILED: given up after 1 attempt, at 20"), "\(byToken)")
            try await place.expectCommand(2, " retry 2")
            #expect(try await place.sql("SELECT status FROM tasks WHERE id = 2") == ["WAITING"])
        }
    }

    @Test("a task that is done, unknown or badly named", arguments: Scratch.Database.allCases)
    func gone(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("add", "OK", "--with-token", "12345")
            let waiting = try await place.taskrun("why", "12345", "--token")
            #expect(waiting.output.hasPrefix("Task 1 (OK) is WAITING: due"), "\(waiting)")
            try await place.taskrunOK("once")
            let done = try await place.taskrun("why", "--token", "12345")
            #expect(done.status == 0 && done.lines.count == 2, "\(done)")
            #expect(
                done.output.hasPrefix("Task 1 (OK) is COMPLETE: it has ended, at 20")
                    && done.lines[1].hasSuffix(" result 12345")
            )
            let object = try #require(try await place.taskrun("why", "--token", "12345", "--json").objects().first)
            #expect(object["status"] as? String == "COMPLETE" && object["reason"] as? String == "ended")

            let number = try await place.taskrun("why", "1")
            #expect(number.status == 1 && number.output.isEmpty, "\(number)")
            #expect(number.errors.hasPrefix("Error: there is no task 1 in "))
            #expect(number.errors.contains("It has succeeded, was cancelled, was deleted or never existed"))
            let json = try await place.taskrun("why", "99", "--json")
            let problem = try #require(try json.objects().first)
            #expect(json.status == 1 && problem["exit"] as? Int == 1)
            let token = try await place.taskrun("why", "no-such-token")
            #expect(token.status == 66 && token.errors.hasPrefix("Error: nothing is known of this token."), "\(token)")
            for (arguments, words) in [
                (
                    ["why", "99999999999999999999"],
                    "is no task number: the greatest is 9223372036854775807. If it is a token"
                ),
                (["why", "1", "--queue", "mail"], "Name one task, or use --queue or --name for many, not both."),
                (["why", "1", "--name", "OK"], "not both."), (["why", "--token"], "name it."),
                (["why", "--queue", ""], "--queue is empty"), (["why", ""], "is empty"), (["why", "1", "2"], "2"),
            ] {
                let answer = try await place.start(arguments).answer()
                #expect(answer.status == 64 && answer.output.isEmpty, "\(arguments)")
                #expect(answer.errors.contains(words), "\(answer.errors)")
            }
            let huge = try await place.taskrun("why", "--token", "99999999999999999999")
            #expect(huge.status == 66, "\(huge)")
        }
    }

    /// Tasks that wait for many reasons: in the queues mail and other.
    static func mess(_ database: Scratch.Database) -> String {
        func many(_ count: Int, _ columns: String, _ values: String) -> String {
            "INSERT INTO tasks (task_name, queue\(columns)) VALUES "
                + Array(repeating: "(\(values))", count: count).joined(separator: ", ") + "; "
        }
        return many(12, "", "'OK', 'mail'") + many(3, "", "'OKK', 'mail'") + many(4, "", "'OK', 'other'")
            + many(2, ", run_at", "'OK', 'mail', \(database.moment(9000))")
            + many(5, ", lock_key", "'OK', 'mail', 'k'") + many(2, ", lock_key", "'OK', 'other', 'o'")
            + many(1, ", batch", "'OK', 'other', 'b'") + many(2, ", after_batch", "'OK', 'mail', 'b'")
            + many(1, ", crashes", "'OKK', 'mail', 1") + many(9, ", status", "'OK', 'mail', 'FAILED'")
    }

    @Test("--queue and --name count the reasons", arguments: Scratch.Database.withPoolers)
    func groups(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("OK", "exit 0")
            try await place.sql(Self.mess(database))
            try await place.taskrunOK("limit", "mail", "--running", "0")
            func counts(_ arguments: String...) async throws -> [String: Int] {
                let objects = try await place.start(["why", "--json"] + arguments).answer().objects()
                #expect(objects.allSatisfy { $0["is_all"] as? Bool == true })
                return Dictionary(
                    uniqueKeysWithValues: objects.map { ($0["reason"] as? String ?? "", $0["count"] as? Int ?? 0) }
                )
            }
            #expect(
                try await counts("--queue", "mail") == ["limit_running": 17, "no_handler": 4, "not_due": 2, "batch": 2]
            )
            #expect(try await counts("--queue", "other") == ["unclaimed": 6, "lock_key": 1])
            #expect(try await counts("--name", "OKK") == ["no_handler": 4])
            #expect(try await counts("--name", "OKK", "--queue", "other") == [:])
            let all = ["limit_running": 17, "no_handler": 4, "not_due": 2, "batch": 2, "unclaimed": 6, "lock_key": 1]
            #expect(try await counts() == all)

            let lines = try await place.taskrun("why", "--queue", "mail").lines
            #expect(lines.first == "25 tasks wait in queue \"mail\":")
            #expect(lines.contains("  17  behind the limit of queue mail: 0 at once; for example task 1"), "\(lines)")
            #expect(lines.contains { $0.hasPrefix("      → taskrun ") && $0.hasSuffix(" limit mail --running 1") })
            let missing = #"   4  without a handler on this host: "OKK" (did you mean "OK"?); for example task 13"#
            #expect(lines.contains(missing), "\(lines)")
            #expect(lines.contains { $0.hasPrefix("   2  not due yet; the first is at 20") }, "\(lines)")
            #expect(lines.contains { $0.hasPrefix(#"   2  behind the open tasks of batch "b"; for example task "#) })
            let named = try await place.taskrun("why", "--name", "OKK").lines
            #expect(named.first == "4 tasks named \"OKK\" wait:", "\(named)")
            let none = try await place.taskrun("why", "--queue", "mial")
            #expect(
                none.status == 0 && none.output == "No task waits in queue \"mial\". Did you mean \"mail\"?\n",
                "\(none)"
            )
            let other = try await place.taskrun("why", "--queue", "nothing-like-it")
            #expect(other.output == "No task waits in queue \"nothing-like-it\".\n", "\(other)")
            let misspelt = try await place.taskrun("why", "--name", "OKKK")
            #expect(misspelt.output == "No task named \"OKKK\" waits. Did you mean \"OKK\"?\n", "\(misspelt)")
        }
    }

    @Test("10,000 rows are looked at, and it says so if there are more", arguments: Scratch.Database.allCases)
    func bounded(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            try place.handler("OK", "exit 0")
            try await place.add(10_000, name: "OK", columns: "lock_key, lock_place", values: "'k', 1")
            try await place.sql("INSERT INTO tasks (task_name, queue) VALUES ('OK', 'mail')")
            let lines = try await place.taskrun("why").lines
            #expect(
                lines.first == "10,000 tasks wait, among 10,000 waiting tasks that were looked at; "
                    + "there are more (choose with --queue and --name):",
                "\(lines)"
            )
            let few = try await place.taskrun("why", "--queue", "mail").lines
            #expect(
                few.first?.hasPrefix("1 task waits in queue \"mail\", among 10,000 waiting tasks that were") == true,
                "\(few)"
            )
            let objects = try await place.taskrun("why", "--queue", "mail", "--json").objects()
            #expect(objects.count == 1 && objects[0]["is_all"] as? Bool == false, "\(objects)")
            let listed = try await place.taskrun("list", "--why", "--json").objects()
            #expect(listed.count == 10_001 && listed.allSatisfy { $0["why"] is String })
            try await place.sql("DELETE FROM tasks WHERE id < 3")
            #expect(try await place.taskrun("why").lines.first == "9,999 tasks wait:")
        }
    }

    @Test("commands have the options of this call, and no password", arguments: Scratch.Database.allCases)
    func options(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place async throws in
            let address = place.variables["TASKRUN_DATABASE"] ?? "sqlite:tasks.db"
            try place.write("database: \"\(address)\"\n", to: "own.yaml")
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('NONE')")
            let file = place.folder.appending(path: "own.yaml").path
            let answer = try await place.setting(["TASKRUN_DATABASE": ""]).taskrun("why", "1", "--config", "own.yaml")
            #expect(answer.lines.last == "  → taskrun --config \(file) handlers", "\(answer)")
        }
    }

    @Test("a role that may not read the pauses gets the task without a reason")
    func rights() async throws {
        try await Scratch.with(.postgresql) { owner in
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let role = "looking_\(schema)"
            try await owner.sql(
                """
                CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT ON tasks, task_migrations TO \(role); INSERT INTO tasks (task_name) VALUES ('NONE')
                """
            )
            let place = owner.setting(["TASKRUN_DATABASE": url.replacing("postgres@/", with: "\(role)@/")])
            let show = try await place.taskrun("show", "1")
            #expect(show.status == 0 && !show.lines.contains { $0.hasPrefix("why") }, "\(show)")
            let json = try #require(try await place.taskrun("show", "1", "--json").objects().first)
            #expect(json["why"] is NSNull && json["reason"] is NSNull)
            let why = try await place.taskrun("why", "1")
            #expect(why.status == 78 && why.errors.contains("permission denied"), "\(why)")
            try await owner.sql("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }
}

extension Scratch.Database {
    /// A moment so many seconds from now, in SQL.
    func moment(_ seconds: Int) -> String {
        self == .sqlite
            ? "strftime('%Y-%m-%d %H:%M:%f', 'now', '\(seconds) seconds')" : "now() + interval '\(seconds) seconds'"
    }
}

extension Scratch {
    /// Expects the reason and the parts of its sentence from why, show and list, and from the JSON of each.
    func expectWhy(
        _ id: Int,
        _ reason: String,
        _ parts: [String],
        command: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        func expect(_ text: String, _ what: String) {
            for part in parts {
                #expect(text.contains(part), "\(what): \(text)", sourceLocation: sourceLocation)
            }
        }
        let why = try await taskrun("why", "\(id)")
        #expect(why.status == 0 && why.errors.isEmpty, "\(why)", sourceLocation: sourceLocation)
        expect(why.lines.first ?? "", "why")
        if let command {
            let line = why.lines.dropFirst().first ?? ""
            let isWhole = line.hasPrefix("  → taskrun --database ") && line.hasSuffix(command)
            #expect(isWhole, "\(why.output)", sourceLocation: sourceLocation)
        }
        expect(try await taskrun("show", "\(id)").lines.first { $0.hasPrefix("why ") } ?? "", "show")
        let row = try await taskrun("list", "--why").lines.first { $0.drop { $0 == " " }.hasPrefix("\(id) ") }
        expect(row ?? "", "list")
        let listed = try await taskrun("list", "--why", "--json").objects().first { $0["id"] as? Int == id }
        let objects = [
            ("why --json", try await taskrun("why", "\(id)", "--json").objects().first),
            ("show --json", try await taskrun("show", "\(id)", "--json").objects().first), ("list --json", listed),
        ]
        for (what, object) in objects {
            #expect(object?["reason"] as? String == reason, "\(what)", sourceLocation: sourceLocation)
            expect(object?["why"] as? String ?? "", what)
        }
    }

    /// Runs the command that why names, elsewhere and without this environment.
    fileprivate func expectCommand(_ id: Int, _ end: String) async throws {
        let line = try #require(try await taskrun("why", "\(id)").lines.first { $0.hasPrefix("  → ") })
        #expect(line.hasSuffix(end), "\(line)")
        let binaries = URL(filePath: Scratch.binary).deletingLastPathComponent().path
        let own = environment.filter { !$0.key.hasPrefix("TASKRUN_DATABASE") }
        let path = binaries + ":" + (own["PATH"] ?? "")
        let answer = try await Call(
            ["sh", "-c", "cd / && \(line.dropFirst("  → ".count))"],
            environment: own.merging(["PATH": path]) { $1 },
            folder: folder
        ).answer()
        #expect(answer.status == 0, "\(line): \(answer)")
    }

    /// Makes a handler that waits for the file `go`.
    func waitHandler() throws {
        try handler("WAIT", "touch began; while [ ! -e go ]; do sleep 0.05; done")
    }

    /// Calls `body` while a run performs a task named WAIT, and then lets it end.
    func whileRunning(_ body: (Call) async throws -> Void) async throws {
        try waitHandler()
        let run = try start(["once", "--window", "60s"])
        try await eventually("the handler has begun") { has("began") }
        // A failure must not leave the run behind.
        do {
            try await body(run)
        } catch {
            Issue.record(error)
        }
        try write("", to: "go")
        _ = try await run.answer()
    }
}
