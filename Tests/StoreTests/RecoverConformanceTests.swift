import Foundation
import Synchronization
import TaskRun
import Testing

@Suite("Recover")
struct RecoverConformanceTests {
    private let later = Fixture.start.addingTimeInterval(301)

    @Test(
        "a row whose lease has ended is taken over, the attempt counted, the crash counted",
        arguments: StoreUnderTest.allCases
    )
    func leaseEnded(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let before = try #require(try await fixture.store.show(1))
            _ = try await fixture.claim(owner: "web1 12 34 boot 56")
            #expect(try await fixture.store.recover(RecoverRequest(now: Fixture.start.addingTimeInterval(299))).isEmpty)
            let recovered = try await fixture.store.recover(RecoverRequest(now: later))
            #expect(recovered == [RecoveredTask(id: 1, name: "A", crashes: 1, status: .waiting)])
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts, row.crashes, row.runAt) == (.waiting, 1, 1, before.runAt))
            #expect(row.leaseOwner == nil && row.leaseExpiresAt == nil)
            let error = try #require(row.lastError)
            #expect(
                error.contains("run 12 on web1") && error.contains("its lease ended at 2030-01-01 00:05:00"),
                "\(error)"
            )
            #expect(error.contains("seen 2030-01-01 00:05:01") && error.contains("crash 1 of 5"), "\(error)")
        }
    }

    @Test(
        "a row of a run known to be dead is taken over at once; a living run's is not touched",
        arguments: StoreUnderTest.allCases
    )
    func deadOwner(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2)
            _ = try await fixture.claim(limit: 1, owner: "dead")
            _ = try await fixture.claim(limit: 1, owner: "alive")
            let request = RecoverRequest(isDead: { $0 == "dead" }, now: Fixture.start)
            #expect(try await fixture.store.recover(request).map(\.id) == [1])
            #expect(try await fixture.store.show(1)?.lastError?.contains("its process is gone") == true)
            #expect(try await fixture.store.show(2)?.status == .processing)
        }
    }

    @Test(
        "a PROCESSING row without a lease counts as abandoned a lease length after it was created",
        arguments: StoreUnderTest.allCases
    )
    func noLease(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for age in [299.0, 301.0] {
                let created = Fixture.moment(Fixture.start.addingTimeInterval(-age))
                try await fixture.sql(
                    "INSERT INTO tasks (task_name, status, created_at, run_at) VALUES ('A', 'PROCESSING', \(created), \(created))"
                )
            }
            let recovered = try await fixture.store.recover(RecoverRequest(now: Fixture.start))
            #expect(recovered == [RecoveredTask(id: 2, name: "A", crashes: 1, status: .waiting)])
        }
    }

    @Test(
        "a lease further ahead than any run's ends after one lease length; another run's longer one is believed",
        arguments: StoreUnderTest.allCases
    )
    func farLease(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let hour = Fixture.moment(Fixture.start.addingTimeInterval(3600))
            for (owner, end) in [
                ("NULL", "'9999-12-31'"), ("'me'", hour), ("'web1 12 34 boot 56'", "'2999-01-01'"),
                ("'web1 12 34 boot 56'", hour),
            ] {
                try await fixture.add(
                    columns: "status, lease_owner, lease_expires_at",
                    values: "'PROCESSING', \(owner), \(end)"
                )
            }
            // One without a lease, created in the future.
            try await fixture.sql(
                "INSERT INTO tasks (task_name, status, created_at) VALUES ('A', 'PROCESSING', '2999-01-01')"
            )
            #expect(try await fixture.store.recover(RecoverRequest(now: Fixture.start)).isEmpty)
            let soon = Fixture.start.addingTimeInterval(299)
            #expect(try await fixture.store.recover(RecoverRequest(now: soon)).isEmpty)
            #expect(try await fixture.store.recover(RecoverRequest(now: later)).map(\.id).sorted() == [1, 2, 3, 5])
            try await fixture.expect("SELECT id FROM tasks WHERE status = 'PROCESSING'", "4")
            let end = Fixture.start.addingTimeInterval(3601)
            #expect(try await fixture.store.recover(RecoverRequest(now: end)).map(\.id) == [4])
        }
    }

    @Test("one whose row cannot be changed keeps no other one's from being cut", arguments: StoreUnderTest.allCases)
    func refusedCut(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3, columns: "status, lease_expires_at", values: "'PROCESSING', '9999-12-31'")
            try await fixture.sql(
                kind == .sqlite
                    ? "CREATE TRIGGER keep BEFORE UPDATE ON tasks WHEN OLD.id = 2 BEGIN SELECT RAISE(ABORT, 'kept'); END"
                    : """
                    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$;
                    CREATE TRIGGER keep BEFORE UPDATE ON tasks FOR EACH ROW WHEN (OLD.id = 2) EXECUTE FUNCTION keep();
                    """
            )
            let refused = Mutex<[Int64]>([])
            var request = RecoverRequest(now: Fixture.start)
            request.refused = { id, _ in refused.withLock { $0.append(id) } }
            #expect(try await fixture.store.recover(request).isEmpty)
            #expect(refused.withLock { $0 } == [2])
            #expect(try await fixture.store.recover(RecoverRequest(now: later)).map(\.id).sorted() == [1, 3])
        }
    }

    @Test("a living run whose lease was cut keeps it by renewing it", arguments: StoreUnderTest.allCases)
    func cutAndRenewed(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            // Claimed by a clock that was two days ahead.
            let ahead = Fixture.start.addingTimeInterval(2 * 86_400)
            let task = try #require(try await fixture.claim(owner: "web1 12 34 boot 56", now: ahead).first)
            #expect(try await fixture.store.recover(RecoverRequest(now: Fixture.start)).isEmpty)
            let soon = Fixture.start.addingTimeInterval(60)
            #expect(try await fixture.store.renew([task.proof], lease: .seconds(300), now: soon).isEmpty)
            #expect(try await fixture.store.recover(RecoverRequest(now: later)).isEmpty)
            #expect(try await fixture.store.settle([Settlement(task.proof, .delete)]) == [.settled])
        }
    }

    @Test(
        "what claims to be in hand until 9999 does not count for a limit, and a key that was never claimed is not held",
        arguments: StoreUnderTest.allCases
    )
    func believable(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2, columns: "status, lease_expires_at", values: "'PROCESSING', '9999-12-31'")
            try await fixture.sql("INSERT INTO task_limits (kind, name, max_running) VALUES ('name', 'A', 1)")
            try await fixture.add(3)
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 10, crashed: 0))
            let claimed = try await fixture.store.claim(request, within: [.name("A")], now: Fixture.start).claimed
            #expect(claimed.map(\.id) == [3])
            #expect(try await fixture.store.claim(request, within: [.name("A")], now: Fixture.start).claimed.isEmpty)

            try await fixture.sql(
                "INSERT INTO tasks (task_name, lock_key, lock_place, run_at) VALUES ('B', 'k', 2, '2999-01-01')"
            )
            try await fixture.add(2, name: "B", columns: "lock_key", values: "'k'")
            #expect(try await fixture.claim(["B"]).isEmpty)
            _ = try await fixture.store.repairLockLines(now: Fixture.start)
            #expect(try await fixture.claim(["B"]).map(\.id) == [7])
        }
    }

    @Test("at the fifth crash in a row the task is FAILED with the evidence", arguments: StoreUnderTest.allCases)
    func crashLimit(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "crashes", values: "4")
            let request = ClaimRequest(owner: "web1 12 34 boot 56", names: ["A"], share: .alone)
            _ = try await fixture.store.claim(request, now: Fixture.start)
            let recovered = try await fixture.store.recover(RecoverRequest(now: later))
            #expect(recovered == [RecoveredTask(id: 1, name: "A", crashes: 5, status: .failed)])
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.crashes, row.leaseOwner) == (.failed, 5, nil))
            #expect(row.lastError?.contains("run 12 on web1 died while it held this task") == true)
            #expect(row.lastError?.contains("5 times in a row, given up") == true)
        }
    }

    @Test("a run whose claim was taken over changes nothing", arguments: StoreUnderTest.allCases)
    func fenced(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            let old = try #require(try await fixture.claim().first)
            _ = try await fixture.store.recover(RecoverRequest(now: later))
            #expect(try await fixture.store.settle([Settlement(old.proof, .delete)]) == [.leaseLost])
            #expect(try await fixture.store.renew([old.proof], lease: .seconds(300), now: later) == [old.proof])
            #expect(try await fixture.store.show(1)?.status == .waiting)
            #expect(try await fixture.claim(now: later).first?.attempt == 2)
        }
    }

    @Test("an attempt is used up by a crash, so a task cannot loop for ever", arguments: StoreUnderTest.allCases)
    func noLoop(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            var now = Fixture.start
            var rounds = 0
            while rounds < 20 {
                let share: ClaimRequest.Share = rounds < 3 ? .usual(limit: 1, crashed: 1) : .alone
                let request = ClaimRequest(owner: "me", names: ["A"], share: share)
                guard let task = try await fixture.store.claim(request, now: now).first else { break }
                rounds += 1
                #expect(task.attempt == rounds)
                now += 301
                _ = try await fixture.store.recover(RecoverRequest(now: now))
            }
            #expect(rounds == 5)
            #expect(try await fixture.store.show(1)?.status == .failed)
        }
    }

    @Test("many abandoned rows are taken over a thousand at a time", arguments: StoreUnderTest.allCases)
    func batches(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add((0..<1500).map { _ in NewTask(name: "A", runAt: Fixture.start) })
            #expect(try await fixture.claim(limit: 1500).count == 1500)
            #expect(try await fixture.store.recover(RecoverRequest(now: later)).count == 1000)
            #expect(try await fixture.store.recover(RecoverRequest(now: later)).count == 500)
            #expect(try await fixture.store.recover(RecoverRequest(now: later)).isEmpty)
        }
    }

    @Test("two runs that recover at once take each row over once", arguments: StoreUnderTest.allCases)
    func twice(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add((0..<200).map { _ in NewTask(name: "A", runAt: Fixture.start) })
            _ = try await fixture.claim(limit: 200)
            let other = try fixture.anotherStore()
            let moment = later
            async let one = fixture.store.recover(RecoverRequest(now: moment))
            async let two = other.recover(RecoverRequest(now: moment))
            let ids = try await one.map(\.id) + two.map(\.id)
            #expect(ids.sorted() == Array(1...200))
            try await fixture.expect("SELECT count(*) FROM tasks WHERE crashes = 1", "200")
            await other.close()
        }
    }
}
