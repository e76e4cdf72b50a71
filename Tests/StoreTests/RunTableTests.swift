import Foundation
import GRDB
import Synchronization
import TaskRun
import Testing

@Suite("What runs write about themselves")
struct RunTableTests {
    static func record(
        _ run: String = "web1 7 1 boot 1",
        origin: String = "o",
        host: String = "web1",
        names: [String] = ["A"],
        slots: Int = 2
    ) -> RunRecord {
        RunRecord(
            run: run,
            origin: origin,
            host: host,
            pid: 7,
            user: "ada",
            command: "taskrun once",
            version: "1",
            names: names,
            slots: slots
        )
    }

    static func ago(_ seconds: Int, on kind: StoreUnderTest) -> String {
        switch kind {
        case .sqlite: "strftime('%Y-%m-%d %H:%M:%f', 'now', '\(-seconds) seconds')"
        case .postgresql: "now() - interval '\(seconds) seconds'"
        }
    }

    @Test("runs of one origin that find nothing share a row", arguments: StoreUnderTest.allCases)
    func idle(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let store = fixture.store
            for number in 1...3 {
                let run = Self.record("web1 \(number) 1 boot 1", names: ["B", "it's \"A\""])
                try await store.noteIdle(run, age: .seconds(1), end: RunEnd(exitStatus: 0))
            }
            try await store.noteIdle(Self.record(origin: "p"), age: .zero, end: RunEnd(exitStatus: 78, error: "no"))
            let list = try await store.runs(limit: 10)
            #expect(list.rows.map(\.record.origin) == ["p", "o"] && list.rows.map(\.runs) == [1, 3])
            let shared = try #require(list.rows.last)
            #expect(shared.record == Self.record("web1 3 1 boot 1", names: ["B", "it's \"A\""]))
            #expect(shared.isIdle && shared.exitStatus == 0 && shared.error == nil && shared.endedAt == shared.seenAt)
            let (began, seen) = (try #require(shared.beganAt), try #require(shared.seenAt))
            #expect(abs(seen.timeIntervalSince(began) - 1) < 0.01 && abs(list.now.timeIntervalSince(seen)) < 60)
            #expect(list.rows.first?.exitStatus == 78 && list.rows.first?.error == "no")
            #expect(try await store.runs(limit: 1).rows.count == 1)
        }
    }

    @Test("a run that works has a row of its own, with what it has done", arguments: StoreUnderTest.allCases)
    func own(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let store = fixture.store
            let row = try await store.begin(Self.record(), age: .seconds(2), counts: RunCounts(claimed: 1), end: nil)
            try await store.noteIdle(Self.record("other"), age: .zero, end: RunEnd(exitStatus: 0))
            var counts = RunCounts(claimed: 7, succeeded: 1, retried: 2, failed: 3, released: 4, recovered: 5)
            counts.leasesLost = 6
            #expect(try await store.note(row, counts: counts, end: nil))
            var found = try #require(try await store.runs(limit: 10).rows.first { $0.id == row })
            #expect(found.counts == counts && found.endedAt == nil && found.exitStatus == nil && !found.isIdle)
            #expect(try await store.note(row, counts: counts, end: RunEnd(exitStatus: 75, error: "locked")))
            found = try #require(try await store.runs(limit: 10).rows.first { $0.id == row })
            #expect(found.endedAt != nil && found.exitStatus == 75 && found.error == "locked" && found.runs == 1)
            try await fixture.sql("DELETE FROM task_runs")
            #expect(try await !store.note(row, counts: counts, end: nil))
            let late = try await store.begin(Self.record(), age: .zero, counts: counts, end: RunEnd(exitStatus: 0))
            #expect(try await store.runs(limit: 10).rows.first { $0.id == late }?.endedAt != nil)
        }
    }

    @Test("old rows and reports are removed, and no others", arguments: StoreUnderTest.allCases)
    func old(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            func insert(_ host: String, _ age: Int, ended: Bool = false) async throws {
                let moment = Self.ago(age, on: kind)
                try await fixture.sql(
                    """
                    INSERT INTO task_runs (run, origin, host, pid, user_name, command, version, names, slots, began_at,
                        seen_at, ended_at, is_idle)
                    VALUES ('\(host)', '\(host)', '\(host)', 1, 'u', 'c', '1', '[]', 1, \(moment), \(moment),
                        \(ended ? moment : "NULL"), \(ended ? "true" : "false"));
                    INSERT INTO task_reports VALUES ('\(host)', \(moment))
                    """
                )
            }
            // One that never came back, and the shared row of a crontab line that is gone.
            try await insert("gone", 8 * 86_400)
            try await insert("removed", 8 * 86_400, ended: true)
            try await insert("recent", 6 * 86_400)
            try await insert("new", 3600)
            try await fixture.store.noteIdle(Self.record(), age: .zero, end: RunEnd(exitStatus: 0))
            #expect(try await fixture.rows("SELECT host FROM task_runs").count == 5)
            _ = try await fixture.store.begin(Self.record(), age: .zero, counts: RunCounts(), end: nil)
            try await fixture.store.pruneRuns()
            let hosts = try await fixture.rows("SELECT host FROM task_runs ORDER BY host")
            #expect(hosts == ["new", "recent", "web1", "web1"])
            #expect(try await fixture.rows("SELECT task_name FROM task_reports") == ["new"])
        }
    }

    @Test("names are served by the hosts of the last hour", arguments: StoreUnderTest.allCases)
    func served(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let store = fixture.store
            try await store.noteIdle(Self.record(names: ["A", "B"]), age: .zero, end: RunEnd(exitStatus: 0))
            let other = Self.record(origin: "p", host: "web2", names: ["B"])
            _ = try await store.begin(other, age: .zero, counts: RunCounts(), end: nil)
            let served = try await store.servedNames()
            #expect(served.hosts(of: "A") == ["web1"] && served.hosts(of: "B") == ["web1", "web2"])
            #expect(served.hosts(of: "C").isEmpty)
            let past = Self.ago(3700, on: kind)
            try await fixture.sql("UPDATE task_runs SET seen_at = \(past) WHERE host = 'web1'")
            #expect(try await store.servedNames().hosts(of: "A").isEmpty)
            // What another program writes there is no list of names.
            try await fixture.sql("UPDATE task_runs SET names = '{\"a\":1}'")
            #expect(try await store.servedNames().hosts(of: "B").isEmpty)
        }
    }

    @Test("a report is taken by one of many, and again after an hour", arguments: StoreUnderTest.allCases)
    func reports(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let stores = try (0..<4).map { _ in try fixture.anotherStore() }
            // One that another has locked is taken later, or not at all.
            let takers = stores.map { store in Task { (try? await store.takeReports(of: ["A", "B"])) ?? [] } }
            var taken: [String] = []
            for taker in takers { taken += await taker.value }
            #expect(taken.sorted() == ["A", "B"])
            let store = fixture.store
            #expect(try await store.takeReports(of: ["A", "B", "C"]) == ["C"])
            // The second one is a report of a host whose clock was ahead.
            for (name, age) in [("A", 3700), ("B", -7300)] {
                let moment = Self.ago(age, on: kind)
                try await fixture.sql("UPDATE task_reports SET reported_at = \(moment) WHERE task_name = '\(name)'")
            }
            #expect(try await store.takeReports(of: ["A", "B", "C"]).sorted() == ["A", "B"])
            #expect(try await store.takeReports(of: ["A", "B", "C"]).isEmpty)
            for store in stores { await store.close() }
        }
    }

    @Test("a write waits for no lock", arguments: StoreUnderTest.allCases)
    func locked(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let run = Self.record()
            try await fixture.store.noteIdle(run, age: .zero, end: RunEnd(exitStatus: 0))
            let row = try await fixture.store.begin(run, age: .zero, counts: RunCounts(), end: nil)
            let holder = try await LockedRuns(fixture)
            let began = ContinuousClock.now
            for write in 1...3 {
                let error = await #expect(throws: StoreError.self) {
                    switch write {
                    case 1: try await fixture.store.noteIdle(run, age: .zero, end: RunEnd(exitStatus: 0))
                    case 2: _ = try await fixture.store.note(row, counts: RunCounts(), end: nil)
                    default: _ = try await fixture.store.begin(run, age: .zero, counts: RunCounts(), end: nil)
                    }
                }
                #expect(error?.isPassing == true)
            }
            // Each waits for a tenth of a second; the store's other statements wait for seconds.
            #expect(began.duration(to: .now) < .seconds(4))
            try await holder.release()
            try await fixture.store.noteIdle(run, age: .zero, end: RunEnd(exitStatus: 0))
        }
    }
}

/// A run that is recorded.
@Suite("A run that is recorded")
struct RecordedRunTests {
    private static func rows(_ fixture: Fixture) async throws -> [RunRow] {
        try await fixture.store.runs(limit: 100).rows
    }

    @Test("writes one row if it works, and shares one if it finds nothing", arguments: StoreUnderTest.allCases)
    func rows(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let seen = Mutex<[RunRow]>([])
            let handler = ClosureHandler { _, _ in
                // The row is written after a second of work.
                for _ in 0..<3000 {
                    let rows = (try? await fixture.store.runs(limit: 10).rows) ?? []
                    seen.withLock { $0 = rows }
                    if rows.contains(where: { !$0.isIdle }) { break }
                    try? await Task.sleep(for: .milliseconds(10))
                }
                return .succeeded()
            }
            func perform() async throws {
                let run = try fixture.makeRun([handler], record: RunTableTests.record())
                _ = try await run.run()
                await run.end(RunEnd(exitStatus: 0))
                // Once is enough.
                await run.end(RunEnd(exitStatus: 1))
            }
            try await perform()
            try await perform()
            var rows = try await Self.rows(fixture)
            #expect(rows.count == 1 && rows[0].isIdle && rows[0].runs == 2 && rows[0].exitStatus == 0)
            try await fixture.due(3)
            try await perform()
            let during = try #require(seen.withLock { $0.first { !$0.isIdle } })
            #expect(during.endedAt == nil && during.counts.claimed > 0)
            rows = try await Self.rows(fixture).filter { !$0.isIdle }
            #expect(rows.count == 1 && rows[0].endedAt != nil && rows[0].exitStatus == 0)
            #expect(rows[0].counts.claimed == 3 && rows[0].counts.succeeded == 3 && rows[0].id == during.id)
        }
    }

    @Test("goes on if the row is refused, locked or gone", arguments: StoreUnderTest.allCases, 1...3)
    func trouble(_ kind: StoreUnderTest, _ what: Int) async throws {
        try await Fixture.with(kind) { fixture in
            switch what {
            case 1: try await fixture.refuseRuns()
            case 2: try await fixture.sql("DROP TABLE task_runs")
            default: try await fixture.sql("DELETE FROM task_runs")
            }
            let lock = what == 3 && kind == .postgresql ? try await LockedRuns(fixture) : nil
            try await fixture.due(2)
            let errors = Mutex<[StoreError]>([])
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .trouble(let error) = event, !error.isPassing { errors.withLock { $0.append(error) } }
            }
            let run = try fixture.makeRun([ClosureHandler()], record: RunTableTests.record(), observer: observer)
            let report = try await run.run()
            await run.end(RunEnd(exitStatus: 0))
            #expect(report.succeeded == 2 && report.trouble == nil)
            let told = errors.withLock { $0 }
            #expect(told.count == (what == 3 ? 0 : 1), "\(told)")
            let rights = "GRANT SELECT, INSERT, UPDATE, DELETE ON task_runs"
            #expect(told.allSatisfy { $0.advice?.contains(rights) == true })
            try await lock?.release()
        }
    }

    @Test("reports a name that no host serves, once an hour", arguments: StoreUnderTest.allCases)
    func unknown(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(name: "NONE")
            try await fixture.due(name: "ELSEWHERE")
            let other = RunTableTests.record(origin: "p", host: "web2", names: ["ELSEWHERE"])
            try await fixture.store.noteIdle(other, age: .zero, end: RunEnd(exitStatus: 0))
            func names(_ record: RunRecord? = RunTableTests.record(), repeats: Bool = false) async throws -> [String] {
                let run = try fixture.makeRun([ClosureHandler()], record: record) {
                    $0.repeatsReports = repeats
                }
                return try await run.run().unknownNames
            }
            #expect(try await names() == ["NONE"])
            #expect(try await names().isEmpty)
            #expect(try await names(repeats: true) == ["NONE"])
            #expect(try await names(nil) == ["ELSEWHERE", "NONE"])
            let past = RunTableTests.ago(3700, on: kind)
            try await fixture.sql("UPDATE task_runs SET seen_at = \(past)")
            try await fixture.sql("UPDATE task_reports SET reported_at = \(past)")
            #expect(try await names() == ["ELSEWHERE", "NONE"])
            // Without the table of the runs each reports all.
            try await fixture.sql("DROP TABLE task_runs")
            #expect(try await names() == ["ELSEWHERE", "NONE"])
        }
    }
}

extension Fixture {
    /// Makes the database refuse all rows of runs.
    fileprivate func refuseRuns() async throws {
        switch kind {
        case .sqlite:
            try await sql("CREATE TRIGGER no_runs BEFORE INSERT ON task_runs BEGIN SELECT RAISE(ABORT, 'no'); END")
        case .postgresql:
            try await sql(
                """
                CREATE FUNCTION no_runs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
                CREATE TRIGGER no_runs BEFORE INSERT ON task_runs FOR EACH ROW EXECUTE FUNCTION no_runs();
                """
            )
        }
    }
}

/// Another program that has the table of the runs locked.
private final class LockedRuns: Sendable {
    private let fixture: Fixture
    private let file: DatabaseQueue?
    private let session: Task<Void, any Error>?

    init(_ fixture: Fixture) async throws {
        self.fixture = fixture
        switch fixture.kind {
        case .sqlite:
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let path = String(fixture.store.location.dropFirst("sqlite:".count))
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try await queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            (file, session) = (queue, nil)
        case .postgresql:
            try await fixture.sql("CREATE TABLE gate (id int)")
            file = nil
            session = Task {
                try await fixture.sql(
                    """
                    BEGIN;
                    LOCK TABLE task_runs IN ACCESS EXCLUSIVE MODE;
                    DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
                    ROLLBACK;
                    """
                )
            }
            try await eventually("the table is not locked") {
                try await fixture.value(
                    """
                    SELECT count(*) FROM pg_locks
                    WHERE relation = 'task_runs'::regclass AND mode = 'AccessExclusiveLock' AND granted
                    """
                ) == "1"
            }
        }
    }

    func release() async throws {
        if let file { try await file.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") } }
        guard let session else { return }
        try await fixture.sql("INSERT INTO gate VALUES (1)")
        try await session.value
    }
}
