import Foundation
import GRDB
import Synchronization
import TaskRun
import Testing

@Suite("What runs measure")
struct MeasureConformanceTests {
    private static func tasks(_ name: String, _ queue: String = "default", seconds: Int...) -> TaskMeasure {
        var measure = Measure()
        for time in seconds {
            measure.succeeded += 1
            measure.ran.add(.seconds(time))
            measure.waited.add(.milliseconds(time))
        }
        return TaskMeasure(name: name, queue: queue, measure: measure)
    }

    private static func report(
        _ fixture: Fixture,
        by key: MeasureRequest.Key = .name,
        since: Duration = .seconds(3600)
    ) async throws -> MeasureReport {
        try await fixture.store.measures(MeasureRequest(since: since, by: key, parts: 4))
    }

    @Test("adds up over runs, hosts and queues, in the minutes and in the totals", arguments: StoreUnderTest.allCases)
    func sums(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let store = fixture.store
            var odd = Self.tasks("it's \"B\" ü", "q;--", seconds: 2)
            (odd.measure.failed, odd.measure.retried, odd.measure.recovered, odd.measure.leasesLost) = (3, 4, 5, 6)
            try await store.add([Self.tasks("A", seconds: 1, 60), odd], of: "web1")
            try await store.add([Self.tasks("A", seconds: 3), Self.tasks("A", "mail", seconds: 4)], of: "web1")
            try await fixture.anotherStore().add([Self.tasks("A", seconds: 100)], of: "web2")
            let names = try await Self.report(fixture).groups
            #expect(names.map(\.key) == ["A", "it's \"B\" ü"])
            let all = names[0].measure
            #expect(all.succeeded == 5 && all.ran.count == 5 && all.ran.longest == .seconds(100))
            #expect(all.ran.total == .seconds(168) && all.waited.total == .milliseconds(168))
            #expect(all.waited.longest == .milliseconds(100))
            #expect(names[1].measure == odd.measure && names[0].succeeded == [0, 0, 0, 5])
            let queues = try await Self.report(fixture, by: .queue).groups
            #expect(queues.map(\.key) == ["default", "mail", "q;--"])
            #expect(queues.map(\.measure.succeeded) == [4, 1, 1])
            let hosts = try await Self.report(fixture, by: .host).groups
            #expect(hosts.map(\.key) == ["web1", "web2"] && hosts.map(\.measure.succeeded) == [5, 1])
            let totals = try await store.totals()
            #expect(totals.map(\.name) == ["A", "A", "it's \"B\" ü"])
            #expect(totals.map(\.queue) == ["default", "mail", "q;--"])
            #expect(totals[0].measure.ran.total == .seconds(164) && totals[0].measure.ran.count == 4)
            #expect(totals[2] == odd)
            // One row a minute, name, queue and host.
            let rows = try await fixture.value("SELECT count(*) FROM task_measures")
            #expect(["4", "5"].contains(rows))
        }
    }

    @Test("only the time asked for counts; old minutes go, and the totals stay", arguments: StoreUnderTest.allCases)
    func old(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for days in [0, 1, 6, 8] {
                try await fixture.store.add([Self.tasks("A", seconds: 1)], of: "h\(days)")
                let past = RunTableTests.ago(days * 86_400, on: kind)
                try await fixture.sql("UPDATE task_measures SET minute = \(past) WHERE host = 'h\(days)'")
            }
            func count(_ days: Int) async throws -> Int64 {
                try await Self.report(fixture, since: .seconds(days * 86_400 + 120)).all.succeeded
            }
            #expect(try await count(0) == 1)
            #expect(try await count(1) == 2)
            #expect(try await count(10) == 4)
            try await fixture.store.pruneMeasures()
            #expect(try await count(10) == 3)
            #expect(try await fixture.store.totals().map(\.measure.succeeded) == [4])
            try await fixture.sql("UPDATE task_totals SET counted_at = \(RunTableTests.ago(300 * 86_400, on: kind))")
            try await fixture.store.pruneMeasures()
            #expect(try await fixture.store.totals().count == 1)
            try await fixture.sql("UPDATE task_totals SET counted_at = \(RunTableTests.ago(400 * 86_400, on: kind))")
            try await fixture.store.pruneMeasures()
            #expect(try await fixture.store.totals().isEmpty)
        }
    }

    @Test("runs that write at once lose nothing", arguments: StoreUnderTest.allCases)
    func atOnce(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let stores = try (0..<4).map { _ in try fixture.anotherStore() }
            let all = (0..<20).map { Self.tasks("N\($0)", seconds: 1) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, store) in stores.enumerated() {
                    group.addTask {
                        for _ in 0..<5 {
                            // Another order each time: they must not wait for each other in a circle.
                            let mine = all.shuffled()
                            while true {
                                do {
                                    try await store.add(mine, of: "h\(number % 2)")
                                    break
                                } catch let error as StoreError where error.isPassing {
                                    continue
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            for store in stores { await store.close() }
            #expect(try await Self.report(fixture).groups.map(\.measure.succeeded) == Array(repeating: 20, count: 20))
            #expect(try await fixture.store.totals().allSatisfy { $0.measure.ran.count == 20 })
        }
    }

    @Test("a claim says how long the task was due, by the deciding clock", arguments: StoreUnderTest.allCases)
    func waited(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            try await fixture.add(name: "B", columns: "lock_key", values: "'k'")
            for task in try await fixture.claim(["A", "B"], lease: .seconds(77)) {
                let seconds = task.waited / .seconds(1)
                #expect(abs(seconds - 10) < 0.01, "\(task.name): \(seconds)")
            }
            // One that has been due for very long.
            try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('C', '0001-01-01')")
            let claimed = try await fixture.claim(["C"])
            #expect(claimed.count == 1 && claimed[0].waited > .seconds(86_400 * 365 * 1000))
        }
    }
}

@Suite("A run that measures")
struct MeasuringRunTests {
    @Test("adds what became of its tasks once, at its end", arguments: StoreUnderTest.allCases)
    func run(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(3)
            try await fixture.due(2, name: "RETRY")
            try await fixture.due(1, name: "FAIL")
            let handlers = [
                ClosureHandler("A") { _, _ in
                    try? await Task.sleep(for: .milliseconds(3))
                    return .succeeded()
                },
                ClosureHandler("RETRY") { _, _ in .failed(error: "no") },
                ClosureHandler("FAIL") { _, _ in .permanentlyFailed(error: "no") },
            ]
            #expect(try await fixture.makeRun(handlers).run().claimed == 6)
            let report = try await fixture.store.measures(MeasureRequest(since: .seconds(600), by: .name))
            let found = Dictionary(uniqueKeysWithValues: report.groups.map { ($0.key, $0.measure) })
            #expect(found.count == 3 && found["A"]?.succeeded == 3 && found["A"]?.ran.count == 3)
            #expect(found["RETRY"]?.retried == 2 && found["FAIL"]?.failed == 1 && found["FAIL"]?.waited.count == 1)
            let ran = try #require(found["A"]?.ran)
            #expect(ran.longest >= .milliseconds(3) && ran.longest < .seconds(60))
            #expect(try await fixture.value("SELECT host FROM task_measures LIMIT 1") == "test")
            // A run without tasks adds nothing.
            try await fixture.sql("DELETE FROM task_measures; DELETE FROM tasks")
            _ = try await fixture.makeRun(handlers).run()
            #expect(try await fixture.value("SELECT count(*) FROM task_measures") == "0")
        }
    }

    @Test("goes on where the measures are refused, and says so once", arguments: StoreUnderTest.allCases)
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("DROP TABLE task_totals")
            try await fixture.due(2)
            let errors = Mutex<[StoreError]>([])
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .trouble(let error) = event { errors.withLock { $0.append(error) } }
            }
            let report = try await fixture.makeRun([ClosureHandler()], observer: observer).run()
            #expect(report.succeeded == 2 && report.trouble == nil)
            let told = errors.withLock { $0 }
            #expect(told.count == 1 && told[0].advice?.contains("ON task_measures, task_totals TO this user") == true)
            // Both or neither.
            #expect(try await fixture.value("SELECT count(*) FROM task_measures") == "0")
        }
    }

    @Test("goes on where the measures are locked, and says nothing")
    func locked() async throws {
        try await Fixture.with(.postgresql) { fixture in
            try await fixture.due(2)
            try await fixture.sql("CREATE TABLE gate (id int)")
            let holder = Task {
                try await fixture.sql(
                    """
                    BEGIN;
                    LOCK TABLE task_measures IN ACCESS EXCLUSIVE MODE;
                    DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
                    ROLLBACK;
                    """
                )
            }
            try await eventually("the table is not locked") {
                try await fixture.value(
                    """
                    SELECT count(*) FROM pg_locks
                    WHERE relation = 'task_measures'::regclass AND mode = 'AccessExclusiveLock' AND granted
                    """
                ) == "1"
            }
            let errors = Mutex<[StoreError]>([])
            let observer: @Sendable (RunEvent) -> Void = { event in
                if case .trouble(let error) = event { errors.withLock { $0.append(error) } }
            }
            let report = try await fixture.makeRun([ClosureHandler()], observer: observer).run()
            #expect(report.succeeded == 2 && errors.withLock { $0.isEmpty })
            try await fixture.sql("INSERT INTO gate VALUES (1)")
            try await holder.value
        }
    }

    @Test("counts tasks of dead runs, and those that expired", arguments: StoreUnderTest.allCases)
    func others(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let past = RunTableTests.ago(60, on: kind)
            try await fixture.sql(
                """
                INSERT INTO tasks (task_name, status, attempts, lease_owner, lease_expires_at)
                VALUES ('A', 'PROCESSING', 1, 'gone', \(past));
                INSERT INTO tasks (task_name, expires_at) VALUES ('A', \(past));
                """
            )
            #expect(try await fixture.makeRun([ClosureHandler()]).run().recovered == 1)
            let totals = try await fixture.store.totals()
            #expect(totals.map(\.queue) == ["*", "default"])
            #expect(totals[0].measure.recovered == 1 && totals[0].measure.failed == 1)
            #expect(totals[1].measure.succeeded == 1)
        }
    }
}
