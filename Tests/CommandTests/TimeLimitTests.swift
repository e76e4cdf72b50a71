import Foundation
import Testing

/// What has to happen in time, whatever else the run is busy with.
@Suite struct TimeLimitTests {
    @Test("a task expires while all places are taken", arguments: Scratch.Database.allCases)
    func expiry(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "echo begin >> \"$LOG\"\nwhile [ ! -e go ]; do sleep 0.1; done")
            try await place.add(1)
            let run = try place.start("once", "--concurrency", "1", "--json")
            try await eventually("the handler never began") { place.lines() == ["begin"] }
            try await place.taskrunOK("add", "WORK", "--expires", "1s")
            try await eventually("it does not expire") {
                try await place.sql("SELECT status FROM tasks WHERE id = 2") == ["FAILED"]
            }
            try place.write("", to: "go")
            let end = try await run.answer()
            #expect(end.output.contains("\"expired\":1") && end.output.contains("\"succeeded\":1"), "\(end)")
            #expect(place.lines() == ["begin"])
        }
    }

    @Test(
        "a handler that asks for later in a circle is slowed, and show counts it",
        arguments: Scratch.Database.allCases
    )
    func later(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "echo begin >> \"$LOG\"\necho retry_after=0 >> \"$TASKRUN_OUTPUT\"\nexit 75")
            try await place.add(1)
            let run = try await place.taskrun("once", "--json")
            #expect(run.status == 0 && run.output.contains("\"released\":3"), "\(run)")
            #expect(place.lines().count == 3)
            #expect(try await place.taskrun("show", "1").lines.contains { $0.hasSuffix(" 3 times in a row") })
            #expect(try await place.taskrun("show", "1", "--json").output.contains("\"postponed\":3"))
            #expect(try await place.sql("SELECT attempts FROM tasks") == ["0"])
        }
    }

    @Test("an SQL file that is running is cancelled at once", arguments: Scratch.Database.allCases)
    func cancelScript(_ database: Scratch.Database) async throws {
        try await Scratch.alone(database) { place in
            try await place.sql("CREATE TABLE done (n integer)")
            let long =
                switch database {
                case .postgresql, .transactions, .sessions: "INSERT INTO done SELECT 1 FROM pg_sleep(3571)"
                case .sqlite:
                    """
                    INSERT INTO done WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)
                    SELECT count(*) FROM c
                    """
                }
            try place.write("INSERT INTO done VALUES (0);\n\(long);\n", to: "handlers/LONG.sql")
            try await place.taskrunOK("add", "LONG", "--with-token", "t")
            let run = try place.start(["once", "--json"])
            try await eventually("the file is not run") { try await isRunning(place, database) }
            let cancelled = try await place.taskrun("cancel", "1")
            #expect(cancelled.status == 0 && cancelled.output.contains("its run is asked"), "\(cancelled)")
            let end = try await run.answer()
            #expect(end.status == 0 && end.output.contains("\"cancelled\":1"), "\(end)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(try await place.sql("SELECT count(*) FROM done") == ["0"])
            #expect(try await place.taskrun("result", "t").errors.contains("CANCELLED"))
            let files = try FileManager.default.contentsOfDirectory(atPath: place.folder.path)
            #expect(!files.contains { $0.contains("-cancel-") })
        }
    }

    /// Whether the file's statement is at work.
    private func isRunning(_ place: Scratch, _ database: Scratch.Database) async throws -> Bool {
        switch database {
        case .postgresql, .transactions, .sessions:
            return try await place.sql(
                """
                SELECT count(*)
                FROM pg_stat_activity
                WHERE query LIKE '%FROM pg_sleep(3571)%' AND query NOT LIKE '%activity%'
                """
            ) == ["1"]
        case .sqlite:
            guard try await place.sql("SELECT status FROM tasks") == ["PROCESSING"] else { return false }
            // Another writer is kept out.
            let other = try await place.other("sqlite3", "tasks.db", "BEGIN IMMEDIATE; ROLLBACK")
            return other.errors.contains("locked")
        }
    }

    @Test("what recovery cancels is counted as cancelled", arguments: Scratch.Database.allCases)
    func recovered(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "echo begin >> \"$LOG\"\nexec sleep 3600")
            try await place.add(2)
            let run = try place.start("once", "--concurrency", "2")
            try await eventually("the handlers never began") { place.lines().count == 2 }
            Foundation.kill(run.pid, SIGKILL)
            _ = try await run.answer()
            #expect(try await place.taskrun("cancel", "1").output.contains("its run is asked"))
            try place.handler("WORK", "exit 0")
            let next = try await place.taskrun("once", "--json")
            for part in ["\"recovered\":2", "\"cancelled\":1", "\"succeeded\":1"] {
                #expect(next.output.contains(part), "\(next)")
            }
        }
    }

    @Test("a stream handler that does not answer is ended at its time limit, and when its task is cancelled")
    func stream() async throws {
        try await Scratch.working(.sqlite) { place in
            try place.write(
                """
                #!/bin/sh
                trap '' TERM
                echo '{"hello":1}'
                while read -r line; do echo "begin $$" >> "$LOG"; while :; do sleep 1; done; done
                """,
                to: "handlers/WORK.stream",
                mode: 0o755
            )
            try await place.add(1, columns: "timeout_seconds, max_attempts", values: "1, 1")
            let overdue = try await place.taskrun("once")
            #expect(overdue.errors.contains("took longer than its time limit"), "\(overdue)")
            try await place.add(1)
            let run = try place.start("once", "--json")
            try await eventually("it never began") { place.lines().count == 2 }
            try await place.taskrunOK("cancel", "2")
            #expect(try await run.answer().output.contains("\"cancelled\":1"))
        }
    }
}
