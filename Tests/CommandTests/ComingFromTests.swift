import Foundation
import Testing

/// What people had in other queues, by plain SQL and the built binary alone.
@Suite("Coming from another queue")
struct ComingFromTests {
    @Test("high, normal and low as priorities 0, 1024 and 2048 run in this order", arguments: Scratch.Database.allCases)
    func priorities(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("WORK", "cat >> done; echo >> done")
            try await scratch.sql(
                """
                INSERT INTO tasks (task_name, priority, data) VALUES
                ('WORK', 2048, '"low"'), ('WORK', 1024, '"normal"'), ('WORK', 0, '"high"')
                """
            )
            #expect(try await scratch.taskrun("once", "--concurrency", "1").status == 0)
            let done = try String(contentsOf: scratch.folder.appending(path: "done"), encoding: .utf8)
            #expect(done == "\"high\"\n\"normal\"\n\"low\"\n")
        }
    }

    @Test("put with a delay and a time to run", arguments: Scratch.Database.allCases)
    func put(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("SLOW", "sleep 60")
            try await scratch.sql(
                "INSERT INTO tasks (task_name, run_at, timeout_seconds) VALUES ('SLOW', '2999-01-01 00:00:00', 1)"
            )
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
            try await scratch.sql("UPDATE tasks SET run_at = '2020-01-01 00:00:00'")
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(
                try await scratch.sql("SELECT status, attempts, last_error LIKE '%time limit of 1 s%' FROM tasks").first
                    == (database == .sqlite ? "WAITING|1|1" : "WAITING|1|t")
            )
        }
    }

    @Test(
        "release: exit status 75 gives the task back, and the attempt does not count",
        arguments: Scratch.Database.allCases
    )
    func release(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("BUSY", "echo retry_after=3600 >> \"$TASKRUN_OUTPUT\"; exit 75")
            try await scratch.sql("INSERT INTO tasks (task_name) VALUES ('BUSY')")
            let object = try #require(try await scratch.taskrun("once", "--json").objects().first)
            #expect(object["released"] as? Int == 1 && object["retried"] as? Int == 0)
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
            // Not before the hour is over.
            #expect(try await scratch.taskrun("once", "--json").objects().first?["claimed"] as? Int == 0)
        }
    }

    @Test("bury and kick: exit status 65 sets a task aside, retry sends it back", arguments: Scratch.Database.allCases)
    func bury(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("PICKY", "[ -e ready ] || { echo 'not ready' >&2; exit 65; }")
            try await scratch.sql("INSERT INTO tasks (task_name) VALUES ('PICKY')")
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == ["FAILED|1"])
            #expect(try await scratch.taskrun("once").status == 0)
            try scratch.write("", to: "ready")
            #expect(try await scratch.taskrun("retry", "1").lines == ["1 is WAITING again"])
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test(
        "kick of a delayed job: retry --now makes a task due that waits for later",
        arguments: Scratch.Database.allCases
    )
    func kickDelayed(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("LATE", "exit 0")
            try await scratch.taskrunOK("add", "LATE", "--delay", "1h")
            let plain = try await scratch.taskrun("retry", "1")
            #expect(plain.status == 1 && plain.lines == ["1 is WAITING: not FAILED, so left as it is"])
            #expect(try await scratch.taskrun("retry", "--now", "--all-failed").status == 64)
            let kicked = try await scratch.taskrun("retry", "1", "2", "--now")
            #expect(kicked.status == 1 && kicked.lines == ["1 is due now", "2 does not exist"])
            let again = try await scratch.taskrun("retry", "1", "--now", "--json")
            #expect(again.lines == [#"{"id":1,"retried":false,"status":"WAITING"}"#])
            #expect(try await scratch.taskrun("once").status == 0)
            #expect(try await scratch.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("retry --now says which task still waits for its batch", arguments: Scratch.Database.allCases)
    func kickBehindBatch(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try await scratch.taskrunOK("add", "A", "--batch", "b")
            try await scratch.taskrunOK("add", "A", "--after-batch", "b", "--delay", "1h")
            let first = try await scratch.taskrun("retry", "2", "--now")
            #expect((first.status, first.lines) == (0, ["2 is no longer delayed, and waits for batch b"]))
            let second = try await scratch.taskrun("retry", "2", "--now")
            #expect((second.status, second.lines) == (1, ["2 is WAITING: it waits for batch b, so left as it is"]))
            let again = try await scratch.taskrun("retry", "2", "--now", "--json")
            #expect(again.lines == [#"{"id":2,"retried":false,"status":"WAITING","after_batch":"b"}"#])
            try await scratch.taskrunOK("add", "A", "--after-batch", "b", "--delay", "1h")
            let last = try await scratch.taskrun("retry", "3", "--now", "--json")
            #expect(last.lines == [#"{"id":3,"retried":true,"after_batch":"b"}"#])
            #expect(try await scratch.taskrun("retry", "3").lines == ["3 is WAITING: not FAILED, so left as it is"])
        }
    }

    @Test("touch: a handler that takes longer than the lease keeps its task", arguments: Scratch.Database.allCases)
    func touch(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("LONG", "echo begun >> begun; until [ -e go ]; do sleep 0.05; done")
            try await scratch.sql("INSERT INTO tasks (task_name) VALUES ('LONG')")
            let first = try scratch.setting(["TASKRUN_LEASE": "5s"]).start(["once", "--json"])
            let end = database == .sqlite ? "julianday(lease_expires_at)" : "extract(epoch FROM lease_expires_at)"
            try await eventually("the handler has begun") { scratch.has("begun") }
            let lease = try await scratch.sql("SELECT \(end) FROM tasks")
            try await eventually("the lease is prolonged") {
                try await scratch.sql("SELECT \(end) FROM tasks") != lease
            }
            // Another machine's run: it cannot see that the first one lives.
            let other = scratch.setting(["TASKRUN_RUNTIME_DIRECTORY": scratch.folder.appending(path: "other").path])
            #expect(try await other.taskrun("once", "--json").objects().first?["claimed"] as? Int == 0)
            try scratch.write("", to: "go")
            let report = try #require(try await first.answer().objects().first)
            #expect(report["succeeded"] as? Int == 1 && report["lease_lost"] as? Int == 0)
            #expect(try String(contentsOf: scratch.folder.appending(path: "begun"), encoding: .utf8) == "begun\n")
        }
    }

    @Test("a lease that is set to end now gives the task back at once", arguments: Scratch.Database.allCases)
    func leaseEnd(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler(
                "WORK",
                "[ $TASKRUN_ATTEMPT = 1 ] || exit 0; touch begun; until [ -e go ]; do sleep 0.05; done"
            )
            try await scratch.sql("INSERT INTO tasks (task_name) VALUES ('WORK')")
            let first = try scratch.start(["once", "--json"])
            try await eventually("the handler has begun") { scratch.has("begun") }
            try await scratch.sql("UPDATE tasks SET lease_expires_at = '2020-01-01 00:00:00'")
            let other = scratch.setting(["TASKRUN_RUNTIME_DIRECTORY": scratch.folder.appending(path: "other").path])
            let second = try #require(try await other.taskrun("once", "--json").objects().first)
            #expect(second["recovered"] as? Int == 1, "\(second)")
            // Whichever run was faster has performed it, while the first attempt is still under way.
            try await eventually("it is performed") { try await scratch.sql("SELECT count(*) FROM tasks") == ["0"] }
            try scratch.write("", to: "go")
            let report = try #require(try await first.answer().objects().first)
            #expect(report["lease_lost"] as? Int == 1)
            #expect((report["succeeded"] as? Int ?? 0) + (second["succeeded"] as? Int ?? 0) == 1)
        }
    }

    @Test(
        "after the last attempt a task is FAILED with its story, and goes back with retry",
        arguments: Scratch.Database.allCases
    )
    func story(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.handler("MAIL", "echo 'no route to host' >&2; exit 1")
            try await scratch.sql("INSERT INTO tasks (task_name, max_attempts) VALUES ('MAIL', 2)")
            for status in ["WAITING|1", "FAILED|2"] {
                try await scratch.sql("UPDATE tasks SET run_at = '2020-01-01 00:00:00'")
                #expect(try await scratch.taskrun("once").status == 0)
                #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == [status])
            }
            let story = try await scratch.taskrun("show", "1").output
            #expect(story.contains("no route to host") && story.contains("attempt 2 of 2, none left"), "\(story)")
            #expect(try await scratch.taskrun("retry", "--all-failed").status == 0)
            #expect(try await scratch.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
        }
    }
}
