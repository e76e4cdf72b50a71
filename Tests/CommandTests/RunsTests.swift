import Foundation
import TestSupport
import Testing

/// The runs that the table knows: runs, status, and what follows for reports of names.
@Suite("Runs in the table")
struct RunsTests {
    private func objects(_ place: Scratch, _ arguments: String...) async throws -> [[String: Any]] {
        let answer = try await place.start(["runs", "--json"] + arguments).answer()
        #expect(answer.status == 0, "\(answer)")
        return try answer.objects()
    }

    private func summary(_ place: Scratch) async throws -> [String: Any] {
        let object = try #require(try await place.taskrun("status", "--json").objects().first)
        return try #require(object["summary"] as? [String: Any])
    }

    @Test("runs that find nothing share a row for each line of cron", arguments: Scratch.Database.withPoolers)
    func idle(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            #expect(try await place.taskrun("runs").output == "No run has been recorded.\n")
            #expect(try await place.taskrun("status").output == "No tasks.\n")
            try place.handler("OK", "exit 0")
            for _ in 1...3 {
                let run = try await place.taskrun("once")
                #expect(run.status == 0 && run.errors.isEmpty && run.output.isEmpty, "\(run)")
            }
            #expect(try await place.taskrun("once", "--queue", "mail").status == 0)
            #expect(try await place.taskrun("once", "--only", "OK", "--json").status == 0)
            let runs = try await objects(place)
            let commands = ["taskrun once --only OK --json", "taskrun once --queue mail", "taskrun once"]
            #expect(runs.map { $0["command"] as? String } == commands)
            #expect(runs.map { $0["runs"] as? Int } == [1, 1, 3])
            #expect(runs.allSatisfy { $0["state"] as? String == "idle" && $0["exit_status"] as? Int == 0 })
            #expect(runs[0]["task_names"] as? [String] == ["OK"])
            let lines = try await place.taskrun("runs", "--limit", "3").lines
            #expect(lines[3].contains("found nothing, 3 times") && lines[2].contains("found nothing, once"))
            #expect(lines[4] == "These are the newest 3. For more, use --limit.")
            #expect(try await place.taskrun("status").output.hasPrefix("No tasks; last run "))
        }
    }

    @Test("a run that works has a row, with counts and how it ended", arguments: Scratch.Database.allCases)
    func working(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try place.handler("NO", "exit 9")
            try place.handler("WAIT", "touch began; while [ ! -e go ]; do sleep 0.05; done")
            for name in ["WAIT", "WAIT", "WAIT"] { try await place.taskrunOK("add", name) }
            let run = try place.start(["once", "--concurrency", "2"])
            try await eventually("the row is not there") {
                place.has("began") ? try await objects(place).contains { $0["state"] as? String == "running" } : false
            }
            let during = try await summary(place)
            #expect(during["running"] as? Int == 2 && during["slots"] as? Int == 2 && during["runs"] as? Int == 1)
            #expect(during["is_trouble"] as? Bool == false)
            let status = try await place.taskrun("status")
            #expect(status.lines[0].contains("2 running") && status.lines[0].contains("1 run, 2 of 2 slots busy"))
            for name in ["OK", "NO"] { try await place.taskrunOK("add", name) }
            try place.write("", to: "go")
            #expect(try await run.answer().status == 0)
            let row = try #require(try await objects(place).first)
            #expect(row["state"] as? String == "ended" && row["pid"] as? Int == Int(run.pid))
            #expect(row["claimed"] as? Int == 5 && row["succeeded"] as? Int == 4 && row["retried"] as? Int == 1)
            #expect(row["exit_status"] as? Int == 0 && row["ended_at"] is String && row["is_idle"] as? Bool == false)
            #expect(try await place.taskrun("runs").lines[1].contains("4 done, 1 retried"))
        }
    }

    @Test("the command has no address of a database", arguments: Scratch.Database.allCases)
    func secrets(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            let address = place.variables["TASKRUN_DATABASE"] ?? "sqlite:tasks.db"
            #expect(try await place.taskrun("--database", address, "once").status == 0)
            #expect(try await place.taskrun("once", "--database=\(address)").status == 0)
            let commands = Set(try await objects(place).compactMap { $0["command"] as? String })
            #expect(commands == ["taskrun --database … once", "taskrun once --database=…"])
        }
    }

    @Test("a run that was killed is lost", arguments: Scratch.Database.allCases)
    func lost(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("WAIT", "touch began; sleep 600")
            try await place.taskrunOK("add", "WAIT")
            let run = try place.start(["once"])
            try await eventually("the row is not there") {
                place.has("began") ? try await objects(place).contains { $0["state"] as? String == "running" } : false
            }
            kill(run.pid, SIGKILL)
            _ = try await run.answer()
            #expect(try await objects(place).first?["state"] as? String == "lost")
            let during = try await summary(place)
            #expect(during["runs"] as? Int == 0 && during["running"] as? Int == 0 && during["claimed"] as? Int == 1)
            try place.handler("WAIT", "exit 0")
            #expect(try await place.taskrun("once").status == 0)
            let states = try await objects(place).map { $0["state"] as? String }
            #expect(states == ["ended", "lost"])
        }
    }

    @Test("a run that stays is seen while it has nothing to do", arguments: Scratch.Database.allCases)
    func lingering(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            let run = try place.start(["once", "--linger", "--concurrency", "3"])
            try await eventually("it has no row") { try await !objects(place).isEmpty }
            let lines = try await place.taskrun("status").lines
            #expect(lines[0].hasPrefix("No tasks; 1 run, 0 of 3 slots busy, last run "))
            #expect(lines.contains { $0.hasPrefix("run \(run.pid) on ") && $0.contains(" alive ") })
            let object = try #require(try await place.taskrun("status", "--json").objects().first)
            let runs = try #require(object["runs"] as? [[String: Any]])
            #expect(runs.count == 1 && runs[0]["tasks"] as? Int == 0 && runs[0]["slots"] as? Int == 3)
            kill(run.pid, SIGTERM)
            #expect(try await run.answer().status == 0)
            #expect(try await objects(place).first?["state"] as? String == "ended")
        }
    }

    @Test("status asks whether cron is alive, and names the last run", arguments: Scratch.Database.allCases)
    func deadCron(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("add", "OK")
            let never = try await place.taskrun("status", "--exit-code")
            #expect(never.status == 1 && never.lines[1].hasPrefix("No run has been recorded"))
            #expect(try await place.taskrun("once").status == 0)
            #expect(try await place.taskrun("status", "--exit-code").status == 0)
            try await place.sql("UPDATE task_runs SET seen_at = \(database.moment(-11_000)), host = 'web7'")
            let late = try await place.taskrun("status", "--exit-code")
            #expect(late.status == 1)
            #expect(late.lines[0].hasSuffix("last run 3 h ago."))
            #expect(late.lines[1].hasPrefix("No run for 3 h: is cron alive? The last one was on web7, as "))
            #expect(late.lines[1].hasSuffix(": taskrun once"))
            #expect(try await place.taskrun("status").status == 0)
            #expect(try await summary(place)["no_run"] as? String == "silent")
            // With something due, minutes are enough.
            try await place.sql("UPDATE task_runs SET seen_at = \(database.moment(-400))")
            #expect(try await place.taskrun("status", "--exit-code").status == 0)
            try await place.taskrunOK("add", "OK")
            #expect(try await place.taskrun("status", "--exit-code").status == 1)
            try await place.expectWhy(
                2,
                "no_run",
                ["due, but there was no run for 6 min: is cron alive? The last one was on web7", ": taskrun once"],
                command: " check"
            )
        }
    }

    @Test("trouble: FAILED tasks, no run, or a due task that no host can perform", arguments: Scratch.Database.allCases)
    func exitCode(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("once")
            func status() async throws -> Int32 { try await place.taskrun("status", "--exit-code").status }
            #expect(try await status() == 0)
            try await place.taskrunOK("add", "NONE", "--delay", "1h")
            #expect(try await status() == 0)
            try await place.taskrunOK("retry", "--now", "1")
            #expect(try await status() == 1)
            try await place.sql("DELETE FROM tasks")
            try await place.sql("INSERT INTO tasks (task_name, status) VALUES ('OK', 'FAILED')")
            #expect(try await status() == 1)
            #expect(try await place.taskrun("status").lines[0].hasPrefix("1 failed; last run "))
        }
    }

    @Test("a name is reported once an hour, and not if another host serves it", arguments: Scratch.Database.allCases)
    func names(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try place.write("#!/bin/sh\nexit 0\n", to: "others/ELSEWHERE", mode: 0o755)
            try await place.taskrunOK("add", "NONE", "--delay", "1h")
            try await place.taskrunOK("add", "ELSEWHERE", "--delay", "1h")
            // The other host runs, and serves one of the names.
            let other = try await place.taskrun("once", "--handlers", "others")
            #expect(other.errors.contains("\"NONE\"") && !other.errors.contains("ELSEWHERE"))
            #expect(try await place.taskrun("once").errors.isEmpty)
            let status = try await place.taskrun("status").output
            #expect(status.contains("1 task named \"NONE\" waits") && !status.contains("named \"ELSEWHERE\""))
            try await place.taskrunOK("retry", "--now", "2")
            try await place.sql("UPDATE task_runs SET host = 'web7' WHERE command LIKE '%others%'")
            try await place.expectWhy(
                2,
                "handler_elsewhere",
                ["only web7 has a handler named \"ELSEWHERE\", this host has none"],
                command: " runs"
            )
            try await place.sql(
                """
                UPDATE task_runs SET seen_at = \(database.moment(-3700)) WHERE host = 'web7';
                UPDATE task_reports SET reported_at = \(database.moment(-3700))
                """
            )
            let again = try await place.taskrun("once").errors
            #expect(again.contains("\"NONE\"") && again.contains("\"ELSEWHERE\""))
            #expect(try await place.taskrun("once").errors.isEmpty)
        }
    }

    @Test("all slots of other hosts are a reason", arguments: Scratch.Database.allCases)
    func busyElsewhere(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            let now = database.moment(0)
            try await place.sql(
                """
                INSERT INTO task_runs (run, origin, host, pid, user_name, command, version, names, slots, began_at,
                    seen_at, is_idle)
                VALUES ('web7 7 7 boot 7', 'o', 'web7', 7, 'u', 'c', '1', '["OK"]', 2, \(now), \(now), false);
                INSERT INTO tasks (task_name, status, lease_owner, lease_expires_at)
                VALUES ('OK', 'PROCESSING', 'web7 7 7 boot 7', \(database.moment(300))),
                    ('OK', 'PROCESSING', 'web7 7 7 boot 7', \(database.moment(300)));
                """
            )
            try await place.taskrunOK("add", "OK")
            try await place.expectWhy(
                3,
                "no_slot_anywhere",
                ["due, but all 2 handler slots of web7 are in use: task 1 (OK, run 7 on web7), task 2 (OK, "],
                command: " runs"
            )
        }
    }

    @Test("a host that never comes back is lost, and works on no task", arguments: Scratch.Database.allCases)
    func neverBack(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            let past = database.moment(-9000)
            try await place.sql(
                """
                INSERT INTO task_runs (run, origin, host, pid, user_name, command, version, names, slots, began_at,
                    seen_at, is_idle)
                VALUES ('web7 7 7 boot 7', 'o', 'web7', 7, 'u', 'c', '1', 'no list', 2, \(past), \(past), false)
                """.replacing("'no list'", with: database == .sqlite ? "'no list'" : "'{\"no\":\"list\"}'")
            )
            try await place.sql(
                """
                INSERT INTO tasks (task_name, status, lease_owner, lease_expires_at)
                VALUES ('OK', 'PROCESSING', 'web7 7 7 boot 7', \(database.moment(300)))
                """
            )
            #expect(try await objects(place).first?["state"] as? String == "lost")
            let status = try await place.taskrun("status")
            #expect(status.lines[0] == "1 claimed; last run 2 h ago.", "\(status)")
            #expect(status.lines.contains { $0.hasPrefix("run 7 on web7  lost ") })
        }
    }

    @Test("on PostgreSQL the server's clock decides, whatever a host's clock says")
    func clocks() async throws {
        try await Scratch.with(.postgresql) { place in
            try place.handler("OK", "exit 0")
            // A host whose clock is an hour behind.
            try place.write(
                """
                #include <time.h>
                #include <sys/syscall.h>
                #include <unistd.h>
                int clock_gettime(clockid_t clock, struct timespec *moment) {
                    int end = syscall(SYS_clock_gettime, clock, moment);
                    if (clock == CLOCK_REALTIME) moment->tv_sec -= 3600;
                    return end;
                }
                """,
                to: "clock.c"
            )
            let made = try await place.other("cc", "-shared", "-fPIC", "-o", "clock.so", "clock.c")
            try #require(made.status == 0, "\(made.errors)")
            let behind = place.setting(["LD_PRELOAD": place.folder.appending(path: "clock.so").path])
            try await behind.taskrunOK("once")
            let row = try #require(try await objects(place).first)
            #expect((row["seen_seconds_ago"] as? Double ?? 9999) < 300)
            let old = "SELECT count(*) FROM task_runs WHERE seen_at < now() - interval '10 minutes'"
            #expect(try await place.sql(old) == ["0"])
            let seen = try #require(try await behind.taskrun("status").lines.first)
            #expect(seen.hasPrefix("No tasks; last run ") && seen.hasSuffix(" s ago."))
        }
    }

    @Test("a missing right is said in one line, and changes nothing else")
    func rights() async throws {
        try await Scratch.with(.postgresql) { owner in
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let role = "runs_\(schema)"
            try await owner.sql(
                """
                CREATE ROLE \(role) LOGIN;
                GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(role);
                REVOKE ALL ON task_runs, task_reports FROM \(role);
                """
            )
            let place = owner.setting(["TASKRUN_DATABASE": url.replacing("postgres@/", with: "\(role)@/")])
            try owner.handler("OK", "exit 0")
            let empty = try await place.taskrun("once")
            #expect(empty.status == 0 && empty.errors.split(separator: "\n").count == 1, "\(empty)")
            #expect(empty.errors.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON task_runs, task_reports"))
            try await owner.taskrunOK("add", "OK")
            let run = try await place.taskrun("once")
            #expect(run.status == 0 && run.errors.split(separator: "\n").count == 1, "\(run)")
            #expect(try await owner.sql("SELECT count(*) FROM tasks") == ["0"])
            try await owner.taskrunOK("add", "NONE")
            // It cannot know who serves it.
            #expect(try await place.taskrun("once").errors.contains("\"NONE\""))
            #expect(try await place.taskrun("once").errors.contains("\"NONE\""))
            let status = try await place.taskrun("status")
            #expect(status.status == 0 && status.lines[0].hasPrefix("1 waiting, oldest "), "\(status)")
            try await owner.sql("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test("add --wait and bench leave no rows", arguments: Scratch.Database.allCases)
    func unrecorded(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            #expect(try await place.taskrun("add", "OK", "--wait").status == 0)
            #expect(try await place.taskrun("bench", "-n", "10").status == 0)
            #expect(try await objects(place).isEmpty)
        }
    }

    @Test("fits into 80 columns", arguments: Scratch.Database.allCases)
    func narrow(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("once", "--queue", "a-queue-with-a-long-name,and-another-one", "--window", "50s")
            try await place.taskrunOK("add", "OK")
            try await place.taskrunOK("once")
            let shown = try await PseudoTerminal.run(["runs"], at: place)
            #expect(shown.lines.count == 3)
        }
    }
}
