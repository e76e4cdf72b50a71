import Foundation
import Testing

@Suite("Kill")
struct KillTests {
    /// Rounds a database; `make torture` sets more.
    private static let rounds = ProcessInfo.processInfo.environment["TASKRUN_TEST_KILL_ROUNDS"].flatMap(Int.init) ?? 200

    private static let work = """
        echo "begin $TASKRUN_TASK_ID" >> "$LOG"
        sleep 0.0$((TASKRUN_TASK_ID % 4))
        echo "end $TASKRUN_TASK_ID" >> "$LOG"
        """

    @Test(
        "a run killed at any moment loses nothing: what was not in its hand is performed once, the rest at least once",
        arguments: Scratch.Database.allCases
    )
    func kill(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            try place.handler("WORK", Self.work)
            for round in 1...Self.rounds {
                try? FileManager.default.removeItem(at: place.log)
                try await place.add(10)
                let ids = try await place.sql("SELECT id FROM tasks ORDER BY id")
                let run = try place.start("once", "--concurrency", "3")
                try await Task.sleep(for: .milliseconds(.random(in: 0...150)))
                Foundation.kill(run.pid, SIGKILL)
                _ = try await run.answer()
                let inHand = Set(try await place.sql("SELECT id FROM tasks WHERE status = 'PROCESSING'"))

                let next = try await place.taskrun("once", "--concurrency", "3")
                #expect(next.status == 0 && next.output.isEmpty && next.errors.isEmpty, "round \(round): \(next)")
                #expect(try await place.sql("SELECT id, status, last_error FROM tasks") == [], "round \(round)")
                expectEach(of: ids, in: place, onceBut: inHand, "round \(round)")
            }
        }
    }

    /// Expects that each task was performed, and began once; those that a killed run held may have begun twice.
    private func expectEach(of ids: [String], in place: Scratch, onceBut held: Set<String>, _ round: String) {
        let lines = place.lines()
        for id in ids {
            let (begins, ends) = (lines.count { $0 == "begin \(id)" }, lines.count { $0 == "end \(id)" })
            #expect(ends >= 1, "\(round): task \(id) was not performed")
            #expect(begins == 1 || (begins == 2 && held.contains(id)), "\(round): task \(id) began \(begins) times")
        }
    }

    /// Refuses to delete each third row, and to make it FAILED.
    private static func refusal(_ kind: Scratch.Database) -> String {
        kind == .sqlite
            ? """
            CREATE TRIGGER keep BEFORE DELETE ON tasks WHEN OLD.id % 3 = 0 BEGIN SELECT RAISE(ABORT, 'kept'); END;
            CREATE TRIGGER keep_open BEFORE UPDATE ON tasks WHEN OLD.id % 3 = 0 AND NEW.status = 'FAILED'
            BEGIN SELECT RAISE(ABORT, 'kept open'); END;
            """
            : """
            CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$;
            CREATE TRIGGER keep BEFORE DELETE ON tasks FOR EACH ROW WHEN (OLD.id % 3 = 0) EXECUTE FUNCTION keep();
            CREATE TRIGGER keep_open BEFORE UPDATE ON tasks FOR EACH ROW
                WHEN (OLD.id % 3 = 0 AND NEW.status = 'FAILED') EXECUTE FUNCTION keep();
            """
    }

    @Test(
        "a run killed while it notes ends that the database refuses: what is noted is not performed again, nothing is lost",
        arguments: Scratch.Database.allCases
    )
    func refused(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            try place.handler("WORK", Self.work)
            let drop =
                kind == .sqlite
                ? "DROP TRIGGER keep; DROP TRIGGER keep_open"
                : "DROP TRIGGER keep ON tasks; DROP TRIGGER keep_open ON tasks"
            for round in 1...min(Self.rounds, 20) {
                try? FileManager.default.removeItem(at: place.log)
                try await place.add(9)
                try await place.sql(Self.refusal(kind))
                let ids = try await place.sql("SELECT id FROM tasks ORDER BY id")
                let run = try place.start("once", "--concurrency", "3")
                try await Task.sleep(for: .milliseconds(.random(in: 50...400)))
                Foundation.kill(run.pid, SIGKILL)
                _ = try await run.answer()
                let mayBeginAgain = Set(
                    try await place.sql(
                        """
                        SELECT id FROM tasks
                        WHERE status = 'PROCESSING' AND id NOT IN (SELECT task_id FROM task_stuck)
                        """
                    )
                )
                for _ in 1...2 {
                    let next = try await place.taskrun("once", "--concurrency", "3")
                    #expect(next.status == 0 || next.status == 65, "round \(round): \(next)")
                }
                #expect(
                    try await place.sql("SELECT id FROM tasks ORDER BY id")
                        == place.sql("SELECT task_id FROM task_stuck ORDER BY task_id")
                )
                try await place.sql(drop)
                let last = try await place.taskrun("once")
                #expect(last.status == 0 && last.errors.isEmpty, "round \(round): \(last)")
                #expect(try await place.sql("SELECT id FROM tasks UNION ALL SELECT task_id FROM task_stuck") == [])
                expectEach(of: ids, in: place, onceBut: mayBeginAgain, "round \(round)")
            }
        }
    }

    @Test(
        "after kill -9 the next run on this host takes over at once, and ends what the dead one left behind",
        arguments: Scratch.Database.allCases
    )
    func takeOver(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            try place.handler(
                "WORK",
                """
                        echo "begin $TASKRUN_ATTEMPT $$" >> "$LOG"
                [ "$TASKRUN_ATTEMPT" = 1 ] && sleep 3600
                echo "end $TASKRUN_ATTEMPT" >> "$LOG"
                """
            )
            try await place.add(1)
            let run = try place.start("once")
            try await eventually("the handler never began") { place.lines().count == 1 }
            Foundation.kill(run.pid, SIGKILL)
            _ = try await run.answer()
            let pid = try #require(place.lines()[0].split(separator: " ").last.flatMap { Int32($0) })
            // The lease of the dead run lasts for 300 s; nobody waits for that.
            let next = try await place.taskrun("once", "--json")
            #expect(
                next.status == 0 && next.output.contains("\"recovered\":1") && next.output.contains("\"succeeded\":1"),
                "\(next)"
            )
            #expect(place.lines().last == "end 2")
            #expect(!isAtWork(pid), "two attempts at the same time")
            let left = try FileManager.default.contentsOfDirectory(atPath: place.folder.appending(path: "runtime").path)
            #expect(left.allSatisfy { $0.hasPrefix("slot-") }, "\(left)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    /// Whether a process is there and has not ended; one that has ended may wait for somebody to take note (state Z).
    private func isAtWork(_ pid: Int32) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return !stat.contains(") Z ")
    }

    @Test(
        "SIGTERM: exit 0 within the grace, every unfinished task as it was before",
        arguments: Scratch.Database.allCases
    )
    func terminate(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            try place.handler("WORK", "echo \"begin $TASKRUN_TASK_ID\" >> \"$LOG\"\nexec sleep 3600\n")
            try place.handler(
                "DEAF",
                "trap '' TERM\necho \"begin $TASKRUN_TASK_ID\" >> \"$LOG\"\nsleep 3600 & wait; sleep 3600\n"
            )
            try await place.add(5, columns: "attempts", values: "7")
            try await place.add(1, name: "DEAF", columns: "priority", values: "-1")
            let before = try await place.sql("SELECT id, status, attempts, crashes FROM tasks ORDER BY id")
            let run = try place.start("once", "--concurrency", "3")
            try await eventually("the handlers never began") { place.lines().count == 3 }
            let asked = ContinuousClock.now
            Foundation.kill(run.pid, SIGTERM)
            let end = try await run.answer()
            #expect(end.status == 0, "\(end)")
            #expect(asked.duration(to: .now) < .seconds(40))
            #expect(
                try await place.sql("SELECT id, status, attempts, crashes FROM tasks ORDER BY id") == before
            )
        }
    }

    @Test(
        "a task that kills its run takes no neighbour with it: it ends FAILED with the evidence, they are performed",
        arguments: Scratch.Database.allCases
    )
    func poison(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            // Waits until its neighbours are at work, then kills the run: its own parent.
            try place.handler("POISON", "sleep 0.2\nkill -9 $PPID\nsleep 1\n")
            try place.handler("WORK", "sleep 0.3\necho \"end $TASKRUN_TASK_ID\" >> \"$LOG\"\n")
            try await place.add(1, name: "POISON", columns: "priority", values: "-5")
            try await place.add(6, columns: "max_attempts", values: "1")
            var rounds = 0
            while rounds < 30 {
                rounds += 1
                let end = try await place.taskrun("once", "--concurrency", "3")
                if end.status == 0 { break }
                #expect(end.status == 128 + SIGKILL)
            }
            #expect(rounds == 6)
            let left = try await place.sql("SELECT task_name, status, crashes FROM tasks")
            #expect(left == ["POISON|FAILED|5"])
            let error = try await place.sql("SELECT last_error FROM tasks").joined()
            #expect(error.contains("its process is gone") && error.contains("5 times in a row"), "\(error)")
            #expect(Set(place.lines()).count == 6)
        }
    }
}
