import Foundation
import TestSupport
import Testing

@testable import TaskRunCLI

/// `taskrun check` as a plugin of a monitoring system.
@Suite("Check as a plugin")
struct AlarmTests {
    private static var line: Regex<(Substring, Substring, Substring?, Substring?)> {
        /TASKRUN (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \|( [a-z]+=[0-9.]+s?;[^; ]*;[^; ]*;0)+)?\n/
    }

    /// One line of the plugin's form, and nothing on stderr.
    private func check(_ place: Scratch, _ status: Int32, _ arguments: String...) async throws -> String {
        let answer = try await place.start(["check"] + arguments).answer()
        #expect(answer.status == status, "\(answer)")
        #expect(answer.errors.isEmpty, "\(answer)")
        let match = answer.output.wholeMatch(of: Self.line)
        #expect(match != nil, "\(answer)")
        let words: [Int32: Substring] = [0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"]
        #expect(match?.1 == words[status])
        return answer.output
    }

    @Test("has the four exits", arguments: Scratch.Database.allCases)
    func exits(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("once")
            let limits = ["--warn-late", "2m", "--crit-late", "10m", "--warn-failed", "1", "--crit-failed", "3"]
            func check(_ status: Int32) async throws -> String {
                let answer = try await place.start(["check"] + limits).answer()
                #expect(answer.status == status && answer.output.wholeMatch(of: Self.line) != nil, "\(answer)")
                return answer.output
            }
            let well = try await check(0)
            #expect(well.hasPrefix("TASKRUN OK - no task is late; 0 FAILED; 0 waiting; last run "), "\(well)")
            #expect(well.hasSuffix("late=0s;120;600;0 failed=0;@1:;@3:;0 waiting=0;;;0 running=0;;;0\n"), "\(well)")
            try await place.sql("INSERT INTO tasks (task_name, status) VALUES ('OK', 'FAILED')")
            #expect(try await check(1).hasPrefix("TASKRUN WARNING - 1 FAILED; no task is late"))
            // Late tasks that no run can claim are no alarm.
            let past = database.moment(-3000)
            try await place.sql("INSERT INTO tasks (task_name, run_at, queue) VALUES ('OK', \(past), 'paused')")
            try await place.taskrunOK("pause", "paused")
            _ = try await check(1)
            try await place.sql("INSERT INTO tasks (task_name, run_at) VALUES ('OK', \(past))")
            #expect(
                try await check(2).hasPrefix(
                    "TASKRUN CRITICAL - the oldest claimable task is due for 50 min, in queue default; 1 FAILED;"
                )
            )
            try await place.sql("DELETE FROM tasks WHERE run_at = (SELECT min(run_at) FROM tasks)")
            try place.write("not: [valid\n", to: "taskrun.yaml")
            #expect(try await check(3).hasPrefix("TASKRUN UNKNOWN - "))
        }
    }

    @Test("a dead crontab is critical, whatever the thresholds", arguments: Scratch.Database.allCases)
    func dead(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            #expect(try await check(place, 0, "-t", "20").contains("no task is late"))
            try await place.taskrunOK("add", "OK")
            let never = try await check(place, 2, "-t", "20")
            #expect(never.hasPrefix("TASKRUN CRITICAL - no run has been recorded, and a task is due: is cron alive?"))
            try await place.taskrunOK("once")
            _ = try await check(place, 0, "-t", "20")
            try await place.sql("UPDATE task_runs SET seen_at = \(database.moment(-11_000)), host = 'web7'")
            let silent = try await check(place, 2, "--warn-failed", "5")
            #expect(silent.hasPrefix("TASKRUN CRITICAL - no run for 3 h: is cron alive? The last one was on web7 as "))
        }
    }

    @Test("a database that does not answer is critical; what is missing or misspelled is unknown")
    func unreachable() async throws {
        try await Scratch.with { place in
            let closed = "postgresql://127.0.0.1:1/none"
            _ = try await check(place, 2, "--database", closed, "--warn-failed", "1")
            _ = try await check(place, 3, "--database", "sqlite:none.db", "-t", "5")
            for words in [["-w", "5:1"], ["-c", "x"], ["--warn-late", "5"], ["--crit-failed", "-1"], ["-t", "0"]] {
                let answer = try await place.start(["check", "\(words[0])", words[1]]).answer()
                #expect([3, 64].contains(answer.status), "\(answer)")
            }
            let twice = try await check(place, 3, "-w", "5", "--warn-late", "5s")
            #expect(twice.contains("--warn-late and -w are the same"))
        }
    }

    @Test("a database that is silent is unknown after the time limit")
    func timeout() async throws {
        let listener = try SilentListener()
        try await Scratch.with { place in
            let address = "postgresql://127.0.0.1:\(listener.port)/none"
            let answer = try await place.taskrun("--database", address, "check", "-t", "0.5", "--json")
            #expect(answer.status == 3, "\(answer)")
            let object = try #require(try answer.objects().first)
            #expect(object["state"] as? String == "UNKNOWN")
            #expect(object["text"] as? String == "the database has not answered within 0.5 s")
        }
    }

    @Test(
        "ranges are those of plugins",
        arguments: [
            ("10", [-1.0, 11], [0.0, 10]), ("10:", [9], [10, 1e9]), ("~:10", [11], [-1e9, 10]),
            ("10:20", [9, 21], [10, 20]), ("@10:20", [10, 20], [9, 21]), (":10", [-1, 11], [0, 10]),
            ("@5:", [5, 9], [4]),
        ] as [(String, [Double], [Double])]
    )
    func ranges(_ text: String, _ alarms: [Double], _ others: [Double]) throws {
        let range = try #require(AlarmRange(text))
        #expect(alarms.allSatisfy(range.alarms) && !others.contains(where: range.alarms))
        #expect(AlarmRange(range.text) == range)
    }

    @Test("anything else is no range", arguments: ["", "@", ":", "~", "5:1", "a", "1:2:3", "nan", "-5", "1:x", "~:"])
    func noRanges(_ text: String) {
        // "~:" alarms for nothing, which is what its writer says.
        #expect((AlarmRange(text) == nil) == (text != "~:"))
    }
}
