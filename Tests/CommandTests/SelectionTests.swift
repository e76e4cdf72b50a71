import Foundation
import TaskRun
import Testing

/// Tasks named by what they have in common: `list`, `retry`, `cancel` and `delete` with options.
@Suite("Commands for many tasks")
struct SelectionTests {
    /// Six tasks: two of a batch, one with a lock key and a token, two FAILED ones, one of them old.
    private static func prepared(_ database: Scratch.Database, _ body: (Scratch) async throws -> Void) async throws {
        try await Scratch.with(database) { place in
            try await place.sql(
                """
                INSERT INTO tasks (task_name, queue, data, batch) VALUES
                    ('IMPORT', 'bulk', '{"customer":{"id":7},"tags":["a","b"]}', 'one'),
                    ('IMPORT', 'bulk', '{"customer":{"id":8},"ok":true,"none":null}', 'one');
                INSERT INTO tasks (task_name, data, lock_key, token)
                    VALUES ('MAIL', '{"odd key":"x=y","customer":"7"}', 'anna', 'letter');
                INSERT INTO tasks (task_name, status) VALUES ('MAIL', 'FAILED');
                INSERT INTO tasks (task_name, status, created_at) VALUES ('MAIL', 'FAILED', '2001-01-01 00:00:00+00:00');
                INSERT INTO tasks (task_name, created_at) VALUES ('REPORT', '2001-01-01 00:00:00+00:00');
                """
            )
            try await body(place)
        }
    }

    private static func ids(_ answer: Answer) throws -> [Int] {
        try answer.objects().map { try #require($0["id"] as? Int) }
    }

    @Test(
        "list filters by batch, lock key, token, age and payload, and newest first",
        arguments: Scratch.Database.allCases
    )
    func list(database: Scratch.Database) async throws {
        try await Self.prepared(database) { place in
            let cases: [([String], [Int])] = [
                (["--batch", "one"], [1, 2]), (["--lock-key", "anna"], [3]), (["--token", "letter"], [3]),
                (["--older", "1d"], [5, 6]), (["--older", "1d", "--status", "FAILED"], [5]),
                (["--data", "$.customer.id=7"], [1]), (["--data", "$.customer=7"], [3]),
                (["--data", "$.tags[1]=b"], [1]), (["--data", "$.\"odd key\"=x=y"], [3]),
                (["--data", "$.ok=true"], [2]), (["--data", "$.none=null"], [2]), (["--data", "$.gone=null"], []),
                (["--latest"], [6, 5, 4, 3, 2, 1]), (["--latest", "--limit", "2"], [6, 5]),
                (["--name", "MAIL", "--latest", "--limit", "2"], [5, 4]),
            ]
            for (options, expected) in cases {
                let answer = try await place.start(["list", "--json"] + options).answer()
                #expect(try Self.ids(answer) == expected, "\(options): \(answer)")
            }
            let table = try await place.taskrun("list", "--latest", "--limit", "2")
            #expect(table.lines.last == "These are the last 2. For more, use --limit.", "\(table)")
        }
    }

    @Test(
        "a path that is none is refused with an example",
        arguments: ["customer=7", "$.a", "$..a=1", "$=1", "$.a[x]=1"]
    )
    func noPath(text: String) async throws {
        try await Scratch.with { place in
            let answer = try await place.taskrun("list", "--data", text)
            #expect(answer.status == 64 && answer.errors.contains("'$.customer.id=7'"), "\(answer)")
        }
    }

    @Test(
        "delete by options says first what it would delete, then who deleted what",
        arguments: Scratch.Database.allCases
    )
    func delete(database: Scratch.Database) async throws {
        try await Self.prepared(database) { place in
            let dry = try await place.taskrun("delete", "--status", "FAILED", "--older", "30d", "--dry-run")
            #expect(dry.status == 0 && dry.output.contains("Would delete 1 task. Nothing was changed."), "\(dry)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["6"])
            let objects = try await place.taskrun("delete", "--name", "MAIL", "--dry-run", "--json").objects()
            #expect(objects.compactMap { $0["tasks"] as? Int } == [2, 1])
            #expect(objects.compactMap { $0["status"] as? String } == ["FAILED", "WAITING"])
            let done = try await place.taskrun("delete", "--status", "FAILED", "--older", "30d")
            #expect(
                done.output.contains(/^Deleted 1 task. \(--status FAILED --older 30d; .+@.+, .+ UTC\)\n$/),
                "\(done)"
            )
            #expect(try await place.sql("SELECT id FROM tasks ORDER BY id") == ["1", "2", "3", "4", "6"])
            let batch = try await place.taskrun("delete", "--batch", "one", "--json")
            #expect(try batch.objects().allSatisfy { $0["deleted"] as? Bool == true } && batch.lines.count == 2)
            #expect(try await place.sql("SELECT id FROM tasks ORDER BY id") == ["3", "4", "6"])
            #expect(try await place.taskrun("delete", "--queue", "nowhere").status == 0)
        }
    }

    @Test("what runs hold is left, and that is said", arguments: Scratch.Database.allCases)
    func held(database: Scratch.Database) async throws {
        try await Self.prepared(database) { place in
            try await place.sql(
                """
                UPDATE tasks SET status = 'PROCESSING', claim_no = 1, lease_owner = 'x',
                    lease_expires_at = '2999-01-01 00:00:00+00:00' WHERE id = 1
                """
            )
            let answer = try await place.taskrun("delete", "--batch", "one")
            #expect(
                answer.status == 1 && answer.output.contains("Deleted 1 task. 1 task left as they are."),
                "\(answer)"
            )
            #expect(try await place.sql("SELECT id FROM tasks WHERE batch = 'one'") == ["1"])
        }
    }

    @Test("retry and cancel by options", arguments: Scratch.Database.allCases)
    func retryAndCancel(database: Scratch.Database) async throws {
        try await Self.prepared(database) { place in
            let dry = try await place.taskrun("retry", "--name", "MAIL", "--dry-run")
            #expect(dry.output.contains("Would retry 2 tasks. Nothing was changed."), "\(dry)")
            #expect(
                try await place.taskrun("retry", "--queue", "default", "--older", "1d").output.contains(
                    "Retried 1 task."
                )
            )
            #expect(try await place.sql("SELECT id FROM tasks WHERE status = 'FAILED'") == ["4"])
            #expect(
                try await place.taskrun("cancel", "--name", "MAIL", "--dry-run").output.contains(
                    "Would cancel 2 tasks."
                )
            )
            let cancelled = try await place.taskrun("cancel", "--name", "MAIL")
            #expect(
                cancelled.status == 0 && cancelled.output.contains("Cancelled 2 tasks. (--name MAIL; "),
                "\(cancelled)"
            )
            #expect(try await place.sql("SELECT id FROM tasks ORDER BY id") == ["1", "2", "4", "6"])
        }
    }

    @Test("neither numbers nor options, and both, are refused", arguments: ["delete", "retry", "cancel"])
    func unclear(command: String) async throws {
        try await Scratch.with { place in
            for words in [
                [command], [command, "1", "--name", "A"], [command, "1", "--dry-run"], [command, "--older", "x"],
            ] {
                let answer = try await place.start(words).answer()
                #expect(answer.status == 64 && answer.errors.contains("Error: "), "\(words): \(answer)")
            }
        }
    }

    @Test("more tasks than one transaction takes", arguments: Scratch.Database.allCases)
    func many(database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try await place.add(25_000, columns: "queue", values: "CASE WHEN i % 5 = 0 THEN 'kept' ELSE 'gone' END")
            let answer = try await place.taskrun("delete", "--queue", "gone")
            #expect(answer.output.contains("Deleted 20,000 tasks."), "\(answer)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["5000"])
        }
    }
}
