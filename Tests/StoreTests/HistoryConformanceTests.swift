import Foundation
import TaskRun
import Testing

/// What tasks leave in the history when they end.
@Suite("History")
struct HistoryConformanceTests {
    private static let lines = "SELECT task_id, task_name, queue, status, attempts FROM task_history ORDER BY no"
    private static let failures = "SELECT task_id, attempt, error FROM task_failures ORDER BY no"

    private func settle(_ fixture: Fixture, _ task: ClaimedTask, _ verdict: Verdict) async throws -> SettleResult? {
        let facts = AttemptFacts(task, ran: .seconds(2), program: ProgramFacts(exitCode: 3, peakMemory: 1 << 30))
        let settlement = Settlement(task.proof, verdict, lockKey: task.lockKey, batch: task.batch, facts: facts)
        return try await fixture.store.settle([settlement], now: Fixture.start.addingTimeInterval(5)).first
    }

    private func claimed(_ fixture: Fixture) async throws -> ClaimedTask {
        let tasks = try await fixture.claim()
        return try #require(tasks.first)
    }

    @Test("a task that succeeds, fails or is cancelled leaves a line", arguments: StoreUnderTest.allCases)
    func ends(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(4, columns: "queue, token, batch", values: "'mail', NULL, 'b'")
            try await fixture.sql("UPDATE tasks SET token = 'it''s' WHERE id = 1")
            let tasks = try await fixture.claim()
            try #require(tasks.count == 4)
            #expect(try await settle(fixture, tasks[0], .delete) == .settled)
            #expect(try await settle(fixture, tasks[1], .fail(error: "no")) == .settled)
            #expect(try await settle(fixture, tasks[2], .cancel) == .settled)
            #expect(try await settle(fixture, tasks[3], .retry(after: .zero, error: "not yet")) == .settled)
            #expect(
                try await fixture.rows(Self.lines) == [
                    "1|A|mail|COMPLETE|1", "2|A|mail|FAILED|1", "3|A|mail|CANCELLED|1",
                ]
            )
            #expect(try await fixture.rows(Self.failures) == ["2|1|no", "4|1|not yet"])
            let line = try #require(try await fixture.store.history(HistoryFilter(token: "it's")).first)
            #expect(line.id == 1 && line.batch == "b" && line.ran == .seconds(2))
            #expect(line.program == ProgramFacts(exitCode: 3, peakMemory: 1 << 30))
            #expect(line.host?.isEmpty == false && line.endedAt == Fixture.start.addingTimeInterval(5))
            // It was due 15 s before its end.
            let waited = try #require(line.waited)
            #expect(waited > .seconds(13) && waited < .seconds(15.1))
            #expect(try await fixture.store.history(HistoryFilter(batch: "b")).map(\.id) == [3, 2, 1])
            #expect(try await fixture.store.history(HistoryFilter(status: .failed)).map(\.id) == [2])
            #expect(try await fixture.store.history(HistoryFilter(name: "A", before: 3, limit: 1)).map(\.id) == [2])
            #expect(try await fixture.store.history(HistoryFilter(queue: "other")).isEmpty)
            let later = Fixture.start.addingTimeInterval(6)
            #expect(try await fixture.store.history(HistoryFilter(since: later)).isEmpty)
            #expect(try await fixture.store.history(HistoryFilter(since: Fixture.start)).count == 3)
            #expect(try await fixture.store.historyNames() == ["A"])
        }
    }

    @Test("a task that is gone and what it left can be told", arguments: StoreUnderTest.allCases)
    func story(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "token", values: "'t'")
            #expect(try await settle(fixture, claimed(fixture), .fail(error: "first")) == .settled)
            #expect(try await fixture.store.retry(.ids([1])) == [1])
            try await fixture.sql("UPDATE tasks SET run_at = \(Fixture.moment(Fixture.start))")
            #expect(try await settle(fixture, claimed(fixture), .delete) == .settled)
            #expect(try await fixture.store.show(1) == nil)
            for target in [CancelTarget.id(1), .token("t")] {
                let story = try await fixture.store.story(of: target)
                #expect(story.ends.map(\.status) == ["FAILED", "COMPLETE"])
                #expect(story.failures.map(\.error) == ["first"])
            }
            #expect(try await fixture.store.story(of: .id(7)) == TaskStory())
            #expect(try await fixture.store.story(of: .token("?")) == TaskStory())
        }
    }

    @Test("an end without a handler leaves a line too", arguments: StoreUnderTest.allCases)
    func withoutHandler(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(name: "LATE", columns: "expires_at", values: "'2001-01-01 00:00:00+00:00'")
            try await fixture.add(name: "GONE")
            try await fixture.add(name: "CANCEL")
            try await fixture.add(name: "OLD", columns: "dedupe_key", values: "'k'")
            #expect(try await fixture.store.expire(ResultRetention()).map(\.id) == [1])
            #expect(try await fixture.store.delete([2]) == [2])
            #expect(try await fixture.store.cancel([.id(3)], retention: ResultRetention()) == [.cancelled])
            // The older of two equal tasks comes back while the newer waits.
            let old = try #require(try await fixture.claim(["OLD"]).first)
            try await fixture.add(name: "OLD", columns: "dedupe_key", values: "'k'")
            #expect(try await settle(fixture, old, .retry(after: .zero, error: "x")) == .gaveWay)
            #expect(
                try await fixture.rows(Self.lines) == [
                    "1|LATE|default|EXPIRED|0", "2|GONE|default|DELETED|0", "3|CANCEL|default|CANCELLED|0",
                    "4|OLD|default|REPLACED|1",
                ]
            )
            #expect(try await fixture.rows(Self.failures) == ["4|1|x"])
        }
    }

    @Test("a run that dies leaves its attempt, and a line if the task is FAILED", arguments: StoreUnderTest.allCases)
    func crash(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2)
            try await fixture.sql("UPDATE tasks SET crashes = 1 WHERE id = 2")
            #expect(try await fixture.claim().count == 2)
            let request = RecoverRequest(isDead: { _ in true }, crashLimit: 2, now: Fixture.start)
            #expect(try await fixture.store.recover(request).count == 2)
            #expect(try await fixture.rows(Self.lines) == ["2|A|default|FAILED|1"])
            let first = try await fixture.store.story(of: .id(1)).failures
            let failures = first + (try await fixture.store.story(of: .id(2)).failures)
            #expect(failures.map(\.attempt) == [1, 1] && failures.allSatisfy { !$0.error.isEmpty })
        }
    }

    @Test("of 21 failed attempts the last 20 stay, also after retry", arguments: StoreUnderTest.allCases)
    func twenty(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2)
            for attempt in 1...21 {
                for task in try await fixture.claim() {
                    let verdict: Verdict =
                        attempt == 10 ? .fail(error: "\(attempt)") : .retry(after: .zero, error: "\(attempt)")
                    #expect(try await settle(fixture, task, verdict) == .settled)
                }
                if attempt == 10 { #expect(try await fixture.store.retry(.all) == [1, 2]) }
                try await fixture.sql("UPDATE tasks SET run_at = \(Fixture.moment(Fixture.start))")
            }
            for id: Int64 in [1, 2] {
                let story = try await fixture.store.story(of: .id(id))
                #expect(story.failures.map(\.error) == (2...21).map(String.init))
                #expect(story.ends.map(\.status) == ["FAILED"])
            }
        }
    }

    @Test("nothing is noted if nothing was settled", arguments: StoreUnderTest.allCases)
    func lost(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2)
            let tasks = try await fixture.claim()
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1")
            #expect(try await settle(fixture, tasks[0], .delete) == .leaseLost)
            #expect(try await settle(fixture, tasks[1], .fail(error: "no")) == .leaseLost)
            // A release is no end.
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no - 1")
            #expect(try await settle(fixture, tasks[0], .release()) == .settled)
            // The whole transaction is undone.
            try await fixture.refuse(deletionOf: 2)
            await #expect(throws: StoreError.self) { try await settle(fixture, tasks[1], .delete) }
            #expect(try await fixture.rows(Self.lines).isEmpty)
            #expect(try await fixture.rows(Self.failures).isEmpty)
            // The refusal was not about the history: lines are still written.
            #expect(await fixture.store.takeHistoryTrouble() == nil)
            #expect(try await settle(fixture, tasks[1], .fail(error: "kept")) == .settled)
            #expect(try await fixture.rows(Self.failures) == ["2|1|kept"])
        }
    }

    @Test("a history that refuses its rows keeps no task from being settled", arguments: StoreUnderTest.allCases)
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let sql =
                kind == .sqlite
                ? "CREATE TRIGGER no BEFORE INSERT ON task_history BEGIN SELECT RAISE(ABORT, 'no history'); END"
                : """
                CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no history'; END $$;
                CREATE TRIGGER no BEFORE INSERT ON task_history FOR EACH ROW EXECUTE FUNCTION no();
                """
            try await fixture.sql(sql)
            try await fixture.add(3)
            let tasks = try await fixture.claim(limit: 2)
            #expect(try await settle(fixture, tasks[0], .delete) == .settled)
            #expect(try await settle(fixture, tasks[1], .fail(error: "no")) == .settled)
            let found = await fixture.store.takeHistoryTrouble()
            let trouble = try #require(found)
            #expect("\(trouble)".contains("cannot write the history") && "\(trouble)".contains("no history"))
            #expect(await fixture.store.takeHistoryTrouble() == nil)
            // So it is for the other ways in which tasks end, each with a store that does not know it yet.
            for act in 0..<3 {
                let store = try fixture.anotherStore()
                switch act {
                case 0: #expect(try await store.delete([2]) == [2])
                case 1: #expect(try await store.cancel([.id(3)], retention: ResultRetention()) == [.cancelled])
                default:
                    try await fixture.add()
                    #expect(try await fixture.claim().count == 1)
                    let request = RecoverRequest(isDead: { _ in true }, crashLimit: 1, now: Fixture.start)
                    #expect(try await store.recover(request).map(\.status) == [.failed])
                }
                #expect(await store.takeHistoryTrouble() != nil, "\(act)")
                await store.close()
            }
            #expect(try await fixture.rows(Self.lines).isEmpty)
        }
    }

    @Test("lines go by their age and by their number", arguments: StoreUnderTest.allCases)
    func prune(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let now = Date()
            func add(_ number: Int, _ name: String, days: Double) async throws {
                let moment = Fixture.moment(now.addingTimeInterval(-days * 86_400))
                let overriding = kind == .sqlite ? "" : "OVERRIDING SYSTEM VALUE "
                try await fixture.sql(
                    """
                    INSERT INTO task_history (no, task_id, task_name, queue, status, attempts, ended_at)
                        \(overriding)VALUES (\(number), \(number), '\(name)', 'default', 'COMPLETE', 1, \(moment));
                    INSERT INTO task_failures (no, task_id, task_name, attempt, error, failed_at)
                        \(overriding)VALUES (\(number), \(number), '\(name)', 1, 'x', \(moment));
                    """
                )
            }
            for (index, days) in [31.0, 8, 6, 0].enumerated() { try await add(index + 1, "A", days: days) }
            let failed = ResultRetention(.seconds(30 * 86_400))
            // The first call removes a part.
            #expect(try await fixture.store.removeOldHistory(failed: failed, limit: 1) == 1)
            #expect(try await fixture.store.removeOldHistory(failed: failed, limit: 10) == 1)
            #expect(try await fixture.rows("SELECT no FROM task_history ORDER BY no") == ["3", "4"])
            // Failed attempts stay as long as FAILED tasks.
            #expect(try await fixture.rows("SELECT no FROM task_failures ORDER BY no") == ["2", "3", "4"])
            try await add(1_000_003, "A", days: 0)
            #expect(try await fixture.store.removeOldHistory(failed: failed, limit: 10) == 2)
            #expect(try await fixture.rows("SELECT no FROM task_history ORDER BY no") == ["4", "1000003"])
            #expect(try await fixture.rows("SELECT no FROM task_failures ORDER BY no") == ["4", "1000003"])
        }
    }

    @Test("a name can be kept for longer, for less, or leave nothing", arguments: StoreUnderTest.allCases)
    func byName(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let week = HistoryRetention.week
            let retention = HistoryRetention(week, names: ["LONG": week * 2, "SHORT": .seconds(60), "NONE": nil])
            let store = try fixture.anotherStore(history: retention)
            for name in ["LONG", "SHORT", "NONE", "A"] { try await fixture.add(name: name) }
            #expect(try await store.delete([1, 2, 3]) == [1, 2, 3])
            #expect(try await fixture.rows(Self.lines) == ["1|LONG|default|DELETED|0", "2|SHORT|default|DELETED|0"])
            let moment = Fixture.moment(Date().addingTimeInterval(-8 * 86_400))
            try await fixture.sql("UPDATE task_history SET ended_at = \(moment)")
            try await fixture.sql(
                """
                INSERT INTO task_history (task_id, task_name, queue, status, attempts, ended_at)
                VALUES (9, 'A', 'q', 'COMPLETE', 1, \(moment)),
                    (10, 'SHORT', 'q', 'COMPLETE', 1, \(Fixture.moment(Date().addingTimeInterval(-3600)))),
                    (11, 'A', 'q', 'COMPLETE', 1, \(Fixture.moment(Date().addingTimeInterval(-3600))))
                """
            )
            #expect(try await store.removeOldHistory(failed: ResultRetention(), limit: 10) == 3)
            #expect(try await fixture.rows("SELECT task_id FROM task_history ORDER BY no") == ["1", "11"])
            await store.close()
            let only = try fixture.anotherStore(history: HistoryRetention(nil, names: ["A": week]))
            try await fixture.add(name: "B")
            #expect(try await only.cancel([.id(4), .id(5)], retention: ResultRetention()) == [.cancelled, .cancelled])
            #expect(try await fixture.rows("SELECT task_name FROM task_history WHERE status = 'CANCELLED'") == ["A"])
            await only.close()
        }
    }

    @Test("a run notes what it performs, and nothing with history: none", arguments: StoreUnderTest.allCases)
    func run(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.due(3)
            let handler = ClosureHandler { task, _ in task.id == 2 ? .permanentlyFailed(error: "no") : .succeeded() }
            let report = try await fixture.makeRun([handler]).run()
            #expect(report.succeeded == 2 && report.failed == 1)
            let lines = try await fixture.store.history(HistoryFilter()).sorted { $0.id < $1.id }
            #expect(lines.map(\.status) == ["COMPLETE", "FAILED", "COMPLETE"])
            #expect(lines.allSatisfy { $0.waited != nil && $0.ran != nil && $0.host != nil })
            #expect(try await fixture.rows(Self.failures) == ["2|1|no"])
        }
    }
}
