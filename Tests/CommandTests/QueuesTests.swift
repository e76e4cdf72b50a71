import Testing

/// pause, resume and queues.
@Suite struct QueuesTests {
    @Test(
        "a paused queue waits, is shown with why and by whom, and goes on when resumed",
        arguments: Scratch.Database.withPoolers
    )
    func pause(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("OK", "exit 0")
            try await scratch.sql("INSERT INTO tasks (task_name, queue) VALUES ('OK', 'mail'), ('OK', 'default')")
            let paused = try await scratch.taskrun("pause", "mail", "--for", "10m", "--why", "the provider is down")
            #expect(paused.output.hasPrefix("Queue mail is paused until 2"), "\(paused)")
            #expect(paused.output.contains(": the provider is down (") && paused.errors.isEmpty)
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT id, status FROM tasks") == ["1|WAITING"])
            let table = try await scratch.taskrun("queues").lines
            #expect(
                table.contains { $0.hasPrefix("mail   paused until 2") && $0.contains("the provider is down (") },
                "\(table)"
            )
            #expect(try await scratch.taskrun("status").output.contains("Queue mail is paused until 2"))
            let line = try #require(try await scratch.taskrun("queues", "--json").objects().first)
            #expect(line["queue"] as? String == "mail" && line["paused"] as? Bool == true && line["due"] as? Int == 1)
            #expect(line["paused_why"] as? String == "the provider is down")

            let resumed = try await scratch.taskrun("resume", "mail", "other")
            #expect(resumed.status == 1)
            #expect(resumed.lines == ["Queue mail is resumed.", "Queue other was not paused."])
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(try await scratch.taskrun("queues").output == "No tasks, and no queue is paused.\n")
        }
    }

    @Test("patterns and exceptions choose the queues", arguments: Scratch.Database.withPoolers)
    func patterns(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("OK", "exit 0")
            try await scratch.sql(
                "INSERT INTO tasks (task_name, queue) VALUES ('OK', 'mail-a'), ('OK', 'mail-b'), ('OK', 'mail-x'), ('OK', 'c')"
            )
            let left = "SELECT queue FROM tasks ORDER BY queue"
            try await scratch.taskrunOK("once", "--queue", "mail-*,!mail-x")
            #expect(try await scratch.sql(left) == ["c", "mail-x"])
            try await scratch.taskrunOK("once", "--queue", "!c")
            #expect(try await scratch.sql(left) == ["c"])
            try await scratch.taskrunOK("once", "--queue", "*")
            #expect(try await scratch.sql(left) == [])
        }
    }

    @Test("--fair takes as much from each queue, whatever the priorities", arguments: Scratch.Database.withPoolers)
    func fair(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("OK", "exit 0")
            for (queue, priority) in [("high", 0), ("low", 9)] {
                let rows = Array(repeating: "('OK', '\(queue)', \(priority))", count: 8).joined(separator: ", ")
                try await scratch.sql("INSERT INTO tasks (task_name, queue, priority) VALUES \(rows)")
            }
            let left = "SELECT queue, count(*) FROM tasks GROUP BY queue ORDER BY queue"
            try await scratch.taskrunOK("once", "--window", "10m", "--fair", "--limit", "8")
            #expect(try await scratch.sql(left) == ["high|4", "low|4"])
            try await scratch.taskrunOK("once", "--window", "10m", "--limit", "4")
            #expect(try await scratch.sql(left) == ["low|4"])
        }
    }

    @Test(
        "--fair takes the queues in turn also where each task takes long",
        arguments: Scratch.Database.allCases
    )
    func fairAmongLongTasks(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("LONG", "sleep 1.2")
            try await scratch.sql(
                """
                INSERT INTO tasks (task_name, queue)
                VALUES ('LONG', 'a'), ('LONG', 'a'), ('LONG', 'b'), ('LONG', 'b'), ('LONG', 'c'), ('LONG', 'c')
                """
            )
            try await scratch.taskrunOK("once", "--window", "10m", "--fair", "--concurrency", "1", "--limit", "3")
            let left = "SELECT queue, count(*) FROM tasks GROUP BY queue ORDER BY queue"
            #expect(try await scratch.sql(left) == ["a|1", "b|1", "c|1"])
        }
    }

    @Test(
        "pausing a queue that no task names is done and said, with the name that was probably meant",
        arguments: Scratch.Database.withPoolers
    )
    func unknown(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try await scratch.sql("INSERT INTO tasks (task_name, queue) VALUES ('OK', 'mail')")
            let paused = try await scratch.taskrun("pause", "mial")
            #expect(paused.status == 0)
            #expect(paused.output.hasPrefix("Queue mial is paused until it is resumed ("))
            #expect(paused.errors.contains("Nothing in queue \"mial\" is due now. Did you mean \"mail\"?"))
        }
    }

    @Test("a length that is none, and a name that no queue can have, are refused with a reason")
    func refused() async throws {
        try await Scratch.with { scratch async throws in
            let length = try await scratch.taskrun("pause", "mail", "--for", "0s")
            #expect(length.status == 64 && length.errors.contains("--for is \"0s\""))
            let pattern = try await scratch.taskrun("pause", "mail-*")
            #expect(pattern.status == 64 && pattern.errors.contains("\"mail-*\" is a pattern"))
            let name = try await scratch.taskrun("pause", "a\u{7}b")
            #expect(name.status == 65 && name.errors.contains("cannot pause queue"), "\(name)")
        }
    }

    @Test("a limit is set, listed, heeded by runs and removed", arguments: Scratch.Database.withPoolers)
    func limit(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("OK", "exit 0")
            try await scratch.sql(
                "INSERT INTO tasks (task_name, queue) VALUES ('OK', 'mail'), ('OK', 'mail'), ('OK', 'q')"
            )
            #expect(try await scratch.taskrun("limit").output == "There are no limits.\n")
            let set = try await scratch.taskrun("limit", "mail", "--running", "5", "--per-minute", "1")
            #expect(set.lines.last == "queue    mail        5           1", "\(set)")
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT queue FROM tasks") == ["mail"])
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT queue FROM tasks") == ["mail"])
            let line = try #require(try await scratch.taskrun("limit", "--json").objects().first)
            #expect(line["kind"] as? String == "queue" && line["max_per_minute"] as? Int == 1)
            #expect(try await scratch.taskrun("limit", "mail", "--none").output == "There are no limits.\n")
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
            for arguments in [
                ["mail"], ["--running", "1"], ["a", "--name", "B", "--running", "1"], ["a", "--running", "-1"],
            ] {
                #expect(try await scratch.start(["limit"] + arguments).answer().status == 64, "\(arguments)")
            }
        }
    }
}
