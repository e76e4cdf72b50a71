import Foundation
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

/// Transactions that meet in the middle, forced by locks.
@Suite("Transactions that meet")
struct ProtocolTests {
    private func other(_ fixture: Fixture, _ statements: String...) throws -> PostgreSQLSession {
        let session = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .store)
        try session.exchange([.begin])
        for sql in statements { try session.exchange([Request(Statement(once: sql))]) }
        return session
    }

    private func pid(_ session: PostgreSQLSession) throws -> String {
        try session.rows(of: Request(SessionSQL.processNumber)).only.text("pid")
    }

    private func someoneWaits(for session: PostgreSQLSession, _ fixture: Fixture) async throws {
        let pid = try pid(session)
        try await eventually {
            try await fixture.psql(
                "SELECT count(*) FROM pg_stat_activity WHERE \(pid) = ANY (pg_blocking_pids(pid))"
            ) != "0"
        }
    }

    @Test("two runs that put crossed pairs of equal tasks back do not stand in each other's way")
    func crossed() async throws {
        try await withStore { fixture in
            var tasks: [ClaimedTask] = []
            for key in ["a", "b", "a", "b"] {
                _ = try await fixture.store.add([NewTask(name: "A", dedupeKey: key)])
                tasks += try await fixture.claim(1)
            }
            let (one, two) = (fixture.store, try fixture.another())
            // The first run has 1 and 4, the second 2 and 3. Somebody lets the first get as far as its second row.
            let stranger = try other(fixture, "SELECT FROM tasks WHERE id = 4 FOR UPDATE")
            func back(_ places: [Int]) -> [Settlement] {
                places.map { Settlement(tasks[$0].proof, .retry(after: .zero, error: "x")) }
            }
            let (first, second) = (back([0, 3]), back([1, 2]))
            async let results = persistently { try await one.settle(first) }
            try await someoneWaits(for: stranger, fixture)
            async let others = persistently { try await two.settle(second) }
            try await eventually {
                let isDone = "SELECT FROM tasks WHERE id IN (2, 3) AND status = 'WAITING'"
                let waits = "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
                let ends = "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid' OFFSET 1"
                return try await fixture.psql("SELECT EXISTS (\(isDone)) OR EXISTS (\(waits)) OR EXISTS (\(ends))")
                    == "t"
            }
            try stranger.exchange([.commit])
            #expect(try await Set(results + others).isSubset(of: [.settled, .gaveWay]))
            #expect(try await fixture.psql("SELECT id FROM tasks ORDER BY id") == "3\n4")
            await two.close()
        }
    }

    @Test("a claim that waits for a limit counts by the moment at which it has got it")
    func limit() async throws {
        try await withStore { fixture in
            try await fixture.store.setLimit(TaskLimit(.name("A"), perMinute: 5))
            _ = try await fixture.store.add((0..<20).map { _ in NewTask(name: "A") })
            let before = try other(fixture, "SELECT FROM task_limits FOR UPDATE")
            let store = fixture.store
            async let claimed = persistently {
                try await store.claim(.of(20), within: [.name("A")], now: nil).claimed
            }
            try await someoneWaits(for: before, fixture)
            let count = "UPDATE task_limits SET begun = 5, minute_began = clock_timestamp()"
            try before.exchange([Request(Statement(once: count)), .commit])
            #expect(try await claimed.isEmpty)
        }
    }

    @Test("a lease is counted from the claim, not from where the claim began to wait")
    func lease() async throws {
        try await withStore { fixture in
            try await fixture.store.setLimit(TaskLimit(.name("A"), running: 5))
            _ = try await fixture.store.add([NewTask(name: "A")])
            let before = try other(fixture, "SELECT FROM task_limits FOR UPDATE")
            let store = fixture.store
            async let claimed = persistently {
                try await store.claim(.of(1), within: [.name("A")], now: nil).claimed
            }
            try await someoneWaits(for: before, fixture)
            let moment = try await fixture.psql("SELECT clock_timestamp()")
            try before.exchange([.commit])
            #expect(try await claimed.count == 1)
            let isLater = "SELECT lease_expires_at >= '\(moment)'::timestamptz + interval '300 s' FROM tasks"
            #expect(try await fixture.psql(isLater) == "t")
        }
    }

    @Test("a claim in progress leaves other runs tasks whose keys it does not need")
    func manyKeys() async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add((1...60).map { NewTask(name: "A", lockKey: "key \($0)") })
            let claim = try #require(Claim(.of(2), now: nil))
            let busy = try other(fixture)
            try busy.exchange(claim.questions())
            #expect(try await fixture.claim(2).map(\.id) == [17, 18])
            // One that finds all of them locked says so.
            let all = try other(fixture, "SELECT FROM tasks FOR NO KEY UPDATE SKIP LOCKED")
            let exchange = try await fixture.store.settle([], thenClaim: .of(2), now: nil)
            #expect(exchange.claimed.isEmpty)
            try all.exchange([.rollback])
            try busy.exchange([.rollback])
            #expect(try await fixture.claim(2).map(\.id) == [1, 2])
        }
    }

    @Test(
        "a claim that finds due rows locked says so, whatever rows they are",
        arguments: ["lock_key = NULL", "lock_key = 'k'", "crashes = 1", "expires_at = now() - interval '1 h'"]
    )
    func passedOver(_ change: String) async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add([NewTask(name: "A")])
            try await fixture.psql("UPDATE tasks SET \(change)")
            let stranger = try other(fixture, "SELECT FROM tasks FOR UPDATE")
            let request = ClaimRequest.of(2, crashed: 1)
            let locked = try await fixture.store.settle([], thenClaim: request, now: nil)
            #expect(locked.claimed.isEmpty && locked.expired.isEmpty && locked.isPassedOver)
            try stranger.exchange([.rollback])
            let free = try await fixture.store.settle([], thenClaim: request, now: nil)
            #expect(free.claimed.count + free.expired.count == 1 && !free.isPassedOver)
            let none = try await fixture.store.settle([], thenClaim: request, now: nil)
            #expect(none.claimed.isEmpty && !none.isPassedOver)
        }
    }

    @Test(
        "who may only add tasks cannot read what the numbers of advisory locks are made of, and who performs them can"
    )
    func salt() async throws {
        let server = try await PostgreSQLServer.shared()
        let url = try await server.makeDatabase()
        let store = try PostgreSQLStore(url)
        _ = try await store.migrate()
        #expect(try await server.psql("SELECT has_table_privilege('public', 'task_salt', 'SELECT')", on: url) == "f")
        #expect(try await server.psql("SELECT count(*) FROM task_salt WHERE salt <> 0", on: url) == "1")
        _ = try await store.add([NewTask(name: "A", lockKey: "customer 7")])
        let stranger = try PostgreSQLSession.open(try PostgreSQLAddress(url), setUp: .none)
        let guess = "SELECT pg_advisory_lock(hashtextextended('customer 7', 'tasks'::regclass::oid::bigint))"
        try stranger.exchange([Request(Statement(once: guess))])
        #expect(try await store.claim(.of(1)).count == 1)
        await store.close()
    }

    @Test("what a lost transaction claims later is given back, as soon as its server process has ended")
    func lateCommit() async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add([NewTask(name: "A")])
            var lost = LostTransactions()
            let late = try other(fixture)
            // The lost session's transaction is open; nothing of it can be seen yet.
            lost.add(Int32(try pid(late)) ?? 0)
            let watch = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
            func present() throws -> Set<String> {
                let values = [SQLText.array(lost.processes.map(Int64.init)), String(watch.process)]
                return Set(
                    try watch.rows(of: Request(SessionSQL.lostTransactions, values)).map { $0.text("session") }
                )
            }
            #expect(!lost.note(try present()))
            try late.exchange([
                Request(Statement(once: "UPDATE tasks SET status = 'PROCESSING', claim_no = 1, lease_owner = 'me'")),
                .commit,
            ])
            // It may be at another transaction that it was sent.
            #expect(!lost.note(try present()))
            try await fixture.psql("SELECT pg_terminate_backend(\(try pid(late)))")
            try await eventually { lost.note(try present()) }
            #expect(lost.isEmpty)
            #expect(try await fixture.store.giveBack(owner: "me", except: []) == GivenBack(count: 1, isComplete: true))
        }
    }

    @Test("behind a pooler, who has a transaction open at the first look is waited for, and others are not")
    func behindPooler() async throws {
        try await withStore { fixture in
            let late = try other(fixture, "SELECT txid_current()")
            var lost = LostTransactions()
            lost.add(-1)
            let watch = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
            func present() throws -> Set<String> {
                // A pooler gives a number of its own.
                let look = Request(SessionSQL.lostTransactions, ["{-1}", "-2"])
                return Set(try watch.rows(of: look).map { $0.text("session") })
            }
            let (first, mark) = (try present(), "\(try pid(late)) ")
            #expect(!lost.note(first) && first.contains { $0.hasPrefix(mark) })
            try late.exchange([.commit])
            let next = try other(fixture, "SELECT txid_current()")
            try await eventually { !(try present().contains { first.contains($0) }) }
            #expect(lost.note(try present()))
            try next.exchange([.rollback])
        }
    }

    @Test("what somebody has locked is left, and asked for again")
    func heldBack() async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add([
                NewTask(name: "A", lockKey: "k", batch: "b"), NewTask(name: "LAST", afterBatch: "b"),
                NewTask(name: "A"),
            ])
            #expect(try await fixture.claim(5).count == 2)
            let stranger = try other(fixture, "SELECT FROM tasks WHERE id = 3 FOR UPDATE")
            #expect(try await fixture.store.giveBack(owner: "me", except: []) == GivenBack(count: 1, isComplete: false))
            try stranger.exchange([.rollback])
            #expect(try await fixture.store.giveBack(owner: "me", except: []) == GivenBack(count: 1, isComplete: true))
        }
    }

    @Test("a follower that somebody has locked when its batch ends is told, and becomes due at the next look")
    func lockedFollower() async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", batch: "b"), NewTask(name: "LAST", afterBatch: "b")])
            let task = try #require(try await fixture.claim(1).first)
            let stranger = try other(fixture, "SELECT FROM tasks WHERE id = 2 FOR UPDATE")
            let end = Settlement(task.proof, .delete, batch: "b")
            #expect(try await fixture.store.settle([end], thenClaim: nil, now: nil).hasLockedFollower)
            #expect(try await fixture.store.endBatches(after: nil, now: nil) == EndedBatches(due: 0, isPartial: true))
            try stranger.exchange([.rollback])
            #expect(try await fixture.store.needsRepair())
            #expect(try await fixture.store.endBatches(after: nil, now: nil) == EndedBatches(due: 1))
            #expect(try await !fixture.store.needsRepair())
        }
    }

    @Test("a claim whose answer is lost behind ends is said, so that its rows are given back")
    func lostBehindEnds() async throws {
        let server = try await PostgreSQLServer.shared()
        let url = try await server.makeDatabase()
        let relay = try CountingRelay(to: server)
        let store = try PostgreSQLStore(url.replacing(server.folder.path, with: relay.folder.path))
        _ = try await store.migrate()
        let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 5, crashed: 5))
        let ids = try await store.add([NewTask(name: "A")])
        // It brings all that is due: with the end the run looks first, and claims then.
        let first = try #require(try await store.settle([], thenClaim: request, now: nil).claimed.first)
        #expect(first.proof.id == ids[0])
        _ = try await store.add([NewTask(name: "A")])
        relay.loseAnswer(to: "claim_from_lane")
        let error = try await storeError {
            _ = try await store.settle([Settlement(first.proof, .delete)], thenClaim: request, now: nil)
        }
        #expect(error?.code == .unreachable)
        #expect(try await server.psql("SELECT status FROM tasks", on: url) == "PROCESSING")
        #expect(try await store.giveBack(owner: "me", except: []).count == 1)
        #expect(try await server.psql("SELECT status FROM tasks", on: url) == "WAITING")
        await store.close()
    }
}
