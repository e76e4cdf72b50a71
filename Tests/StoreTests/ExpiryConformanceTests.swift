import Foundation
import TaskRun
import Testing

@Suite("Tasks that expire")
struct ExpiryConformanceTests {
    private static let before = Fixture.moment(Fixture.start.addingTimeInterval(-1))
    private static let after = Fixture.moment(Fixture.start.addingTimeInterval(60))

    @Test(
        "a row not begun by then becomes FAILED with its reason, whatever its name and queue; attempts stay as they are",
        arguments: StoreUnderTest.allCases
    )
    func expired(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "expires_at", values: Self.before)
            try await fixture.add(columns: "expires_at", values: Self.after)
            try await fixture.add(name: "NOBODY", columns: "expires_at, queue", values: "\(Self.before), 'q'")
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 9, crashed: 9))
            let exchange = try await fixture.store.settle([], thenClaim: request, now: Fixture.start)
            #expect(exchange.claimed.map(\.id) == [2])
            #expect(Set(exchange.expired.map(\.id)) == [1, 3] && Set(exchange.expired.map(\.name)) == ["A", "NOBODY"])
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts, row.claimNumber) == (.failed, 0, 0))
            #expect(row.lastError == "expired: not begun by 2029-12-31 23:59:59 UTC")
            // Begun in time, it goes on whatever the clock says.
            let retry = Verdict.retry(after: .seconds(120), error: "x")
            _ = try await fixture.store.settle([Settlement(exchange.claimed[0].proof, retry)], now: Fixture.start)
            #expect(try await fixture.claim(now: Fixture.start.addingTimeInterval(121)).map(\.attempt) == [2])
        }
    }

    @Test("a run that finds nothing else sets it aside and reports it", arguments: StoreUnderTest.allCases)
    func alone(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "NOBODY", delay: .seconds(3600), expiresAfter: .zero)])
            let handler = ClosureHandler()
            let report = try await fixture.makeRun([handler]).run()
            #expect((report.expired, report.failed, report.claimed) == (1, 1, 0))
            #expect(try await fixture.store.show(1)?.status == .failed)
        }
    }

    @Test(
        "its result is kept as long as the results of its name, limits or not",
        arguments: StoreUnderTest.allCases,
        [false, true]
    )
    func kept(_ kind: StoreUnderTest, _ isLimited: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let tasks = ["A", "B"].map { NewTask(name: $0, expiresAfter: .zero, token: $0) }
            _ = try await fixture.store.add(tasks)
            if isLimited { try await fixture.store.setLimit(TaskLimit(.queue("default"), running: 1)) }
            let handler = ClosureHandler(limits: HandlerLimits(keepResult: .seconds(3)))
            let run = try fixture.makeRun([handler]) { $0.keepResult = .seconds(5) }
            #expect(try await run.run().expired == 2)
            let ends = try await fixture.store.states(of: ["A", "B"])
            #expect(ends.map(\.state) == [.failed, .failed])
            let kept = try ends.map { end in
                try #require(end.expiresAt).timeIntervalSince(try #require(end.finishedAt)).rounded()
            }
            #expect(kept == [3, 5])
        }
    }

    @Test(
        "of thousands that have expired none is claimed, and what stands behind them is",
        arguments: StoreUnderTest.allCases,
        [false, true]
    )
    func thousands(_ kind: StoreUnderTest, _ isKeyed: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let run = Fixture.moment(Fixture.start.addingTimeInterval(-10))
            let numbers =
                kind == .sqlite
                ? "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i FROM n)"
                : "generate_series(1, 3000)"
            let key = isKeyed ? "'k' || i" : "NULL"
            try await fixture.sql(
                """
                INSERT INTO tasks (task_name, run_at, expires_at, lock_key)
                SELECT 'A', \(run), \(Self.before), \(key) FROM \(numbers) AS n\(kind == .sqlite ? "" : " (i)")
                """
            )
            try await fixture.add()
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 9, crashed: 9))
            var (claimed, expired, isPartial) = ([Int64](), 0, true)
            while isPartial {
                let exchange = try await fixture.store.settle([], thenClaim: request, now: Fixture.start)
                claimed += exchange.claimed.map(\.id)
                expired += exchange.expired.count
                isPartial = exchange.isPartial
            }
            #expect((claimed, expired) == ([3001], 3000))
        }
    }

    @Test("it is not claimed by its number either, unless it was begun in time", arguments: StoreUnderTest.allCases)
    func byNumber(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", expiresAfter: .zero)])
            let request = ClaimRequest(owner: "me", names: ["A"], share: .task(1))
            #expect(try await fixture.store.claim(request).isEmpty)
            #expect(try await fixture.store.show(1)?.status == .failed)
            try await fixture.sql("UPDATE tasks SET status = 'WAITING', attempts = 1")
            #expect(try await fixture.store.claim(request).map(\.id) == [1])
        }
    }

    @Test(
        "where a limit lets nothing begin a row becomes FAILED all the same, and lets its line go on",
        arguments: StoreUnderTest.allCases
    )
    func limited(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.store.setLimit(TaskLimit(.name("A"), running: 0))
            try await fixture.add(columns: "expires_at, lock_key, token", values: "\(Self.before), 'k', 't'")
            try await fixture.add(columns: "lock_key, lock_place", values: "'k', 1")
            let request = ClaimRequest(
                owner: "me",
                names: ["A"],
                share: .usual(limit: 9, crashed: 9),
                retention: ResultRetention(.seconds(60))
            )
            let exchange = try await fixture.store.claim(request, within: [.name("A")], now: Fixture.start)
            #expect(exchange.claimed.isEmpty && exchange.expired == [ExpiredTask(id: 1, name: "A")])
            #expect(
                try await fixture.rows("SELECT id, status, lock_place FROM tasks ORDER BY id") == [
                    "1|FAILED|0", "2|WAITING|0",
                ]
            )
            #expect(try await fixture.rows("SELECT token, state FROM task_results") == ["t|FAILED"])
            let again = try await fixture.store.claim(request, within: [.name("A")], now: Fixture.start)
            #expect(again.claimed.isEmpty && again.expired.isEmpty)
            // A run that may perform nothing but such rows.
            _ = try await fixture.store.add([NewTask(name: "A", expiresAfter: .zero)])
            let report = try await fixture.makeRun([ClosureHandler()]) { $0.only = ["A"] }.run()
            #expect((report.expired, report.failed, report.claimed) == (1, 1, 0))
        }
    }

    @Test("retry takes the moment away", arguments: StoreUnderTest.allCases)
    func retried(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let moment = Date(timeIntervalSinceNow: -60)
            _ = try await fixture.store.add([NewTask(name: "A", expiresAt: moment)])
            #expect(try await fixture.claim(now: Date()).isEmpty)
            #expect(try await fixture.store.retry(.all) == [1])
            #expect(try await fixture.store.show(1)?.expiresAt == nil)
            #expect(try await fixture.claim(now: Date()).map(\.id) == [1])
        }
    }

    @Test("an expired row that is ahead in its line lets the next one go on", arguments: StoreUnderTest.allCases)
    func line(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(name: "NOBODY", columns: "lock_key, expires_at", values: "'k', \(Self.after)")
            try await fixture.add(columns: "lock_key", values: "'k'")
            #expect(try await fixture.claim().isEmpty)
            let later = Fixture.start.addingTimeInterval(61)
            #expect(try await fixture.claim(now: later).map(\.id) == [2])
        }
    }

    @Test("a waiting run notices the moment", arguments: StoreUnderTest.allCases)
    func waited(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "NOBODY", delay: .seconds(3600), expiresAfter: .seconds(1))])
            let end = ContinuousClock.now.advanced(by: .seconds(60))
            #expect(try await fixture.store.waitForTasks(names: ["A"], queues: nil, until: end))
        }
    }

    @Test("a moment that is none is refused", arguments: StoreUnderTest.allCases)
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            await #expect(throws: (any Error).self) {
                try await fixture.sql("INSERT INTO tasks (task_name, expires_at) VALUES ('A', 'soon')")
            }
        }
    }
}
