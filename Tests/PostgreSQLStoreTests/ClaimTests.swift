import Foundation
import Synchronization
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

@Suite("A claim")
struct ClaimTests {
    /// Holds rows locked, as another run's open transaction does.
    private func locking(_ condition: String, in fixture: Fixture) throws -> PostgreSQLSession {
        let session = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
        try session.exchange([.begin, Request(Statement(once: "SELECT FROM tasks WHERE \(condition) FOR UPDATE"))])
        return session
    }

    /// How many pages a claim of ten rows reads that begins at each of these places.
    private func pagesRead(from floors: [Place], in fixture: Fixture) async throws -> [Int] {
        let claims = floors.map { floor in
            """
            BEGIN; EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF)
            EXECUTE claim ('me', 300, NULL, 10, 'A', 'default', 0, \(floor.runAt), \(floor.id), 1000000, 10); ROLLBACK;
            """
        }
        let prepare = "\(SessionSettings.store.statements); PREPARE claim AS \(ClaimSQL.fromLane.sql);"
        let plans = try await fixture.psql(([prepare] + claims).joined(separator: "\n"))
        return plans.split(separator: "\n").filter { $0.contains("Update on tasks") || $0.contains("Buffers:") }
            .split { $0.contains("Update on tasks") }
            // Of the server's memory, or of the system's where other tests have taken the room.
            .compactMap { $0.first?.matches(of: /(?:hit|read)=(\d+)/).compactMap { Int($0.1) }.reduce(0, +) }
    }

    /// Rows of two names, three queues and five priorities, in no order.
    private static let mixed = """
        INSERT INTO tasks (task_name, queue, priority, run_at)
        SELECT CASE n % 2 WHEN 0 THEN 'A' ELSE 'B' END, 'q' || n % 3, n % 5 - 2,
            now() - make_interval(secs => (n * 7919) % 1009)
        FROM generate_series(1, 500) AS n
        """

    /// As many rows in lanes that are too many to be looked for each time.
    private static let manyLanes = """
        INSERT INTO tasks (task_name, queue, priority, run_at)
        SELECT CASE n % 2 WHEN 0 THEN 'A' ELSE 'B' END, 'q' || n % 125, n % 3,
            now() - make_interval(secs => (n * 7919) % 1009)
        FROM generate_series(1, 500) AS n
        """

    @Test("takes from many lanes in due order", arguments: [1, 3, 40, 1000])
    func dueOrder(limit: Int) async throws {
        try await withStore { fixture in
            try await fixture.psql(Self.mixed)
            let order = try await fixture.psql("SELECT id FROM tasks ORDER BY priority, run_at, id")
            var claimed: [Int64] = []
            while claimed.count < 120 {
                claimed += try await fixture.claim(limit, names: ["A", "B", "A"]).map(\.id)
            }
            #expect(claimed == order.split(separator: "\n").prefix(claimed.count).map { Int64($0) })
        }
    }

    @Test("takes rows of one moment, as one INSERT makes them, by number")
    func oneMoment() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                "INSERT INTO tasks (task_name, queue) SELECT 'A', 'q' || n % 7 FROM generate_series(1, 300) AS n"
            )
            for batch in 0..<3 {
                #expect(try await fixture.claim(100).map(\.id) == (1...100).map { Int64($0 + batch * 100) })
            }
        }
    }

    @Test("takes from the queues it is told, and from no others")
    func queues() async throws {
        try await withStore { fixture in
            try await fixture.psql(Self.mixed)
            let order = try await fixture.psql(
                "SELECT id FROM tasks WHERE queue IN ('q0', 'q2') AND task_name = 'A' ORDER BY priority, run_at, id"
            )
            let claimed = try await fixture.claim(1000, queues: ["q2", "q0", "q0", "none"])
            #expect(claimed.map(\.id) == order.split(separator: "\n").map { Int64($0) })
            #expect(try await fixture.claim(10, queues: []) == [])
            #expect(try await fixture.claim(10, names: []) == [])
            #expect(try await fixture.claim(0) == [])
        }
    }

    @Test("keeps the due order while lanes are remembered")
    func rememberedOrder() async throws {
        try await withStore { fixture in
            try await fixture.psql(Self.manyLanes)
            let order = try await fixture.psql("SELECT id FROM tasks ORDER BY priority, run_at, id")
            var claimed: [Int64] = []
            for _ in 1...12 { claimed += try await fixture.claim(40, names: ["A", "B"]).map(\.id) }
            #expect(claimed == order.split(separator: "\n").prefix(480).map { Int64($0) })
        }
    }

    @Test("by many runs at once gives each row to one of them, and leaves none", arguments: [mixed, manyLanes])
    func race(rows: String) async throws {
        try await withStore { fixture in
            try await fixture.psql(rows)
            let claimed = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for _ in 1...8 {
                    let store = try fixture.another()
                    group.addTask {
                        var mine: [Int64] = []
                        while true {
                            let more = try await store.claim(.of(7, names: ["A", "B"]))
                            if more.isEmpty { return mine }
                            mine += more.map(\.id)
                        }
                    }
                }
                return try await group.reduce([]) { $0 + $1 }
            }
            #expect(claimed.sorted() == (1...500).map { Int64($0) })
        }
    }

    @Test("passes over rows that others hold, and takes what is behind them in other lanes")
    func locked() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                INSERT INTO tasks (task_name, priority) SELECT 'A', n / 10 FROM generate_series(0, 29) AS n;
                INSERT INTO tasks (task_name, priority) SELECT 'B', n / 10 FROM generate_series(0, 29) AS n;
                """
            )
            let other = try locking("priority < 2 AND (task_name = 'A' OR priority = 0)", in: fixture)
            let claimed = try await fixture.claim(15, names: ["A", "B"])
            #expect(claimed.map(\.id) == [41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 21, 22, 23, 24, 25])
            try other.exchange([.rollback])
        }
    }

    @Test("locks nothing but what it takes")
    func locks() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                "INSERT INTO tasks (task_name, queue) SELECT 'A', 'q' || n % 3 FROM generate_series(1, 30) AS n"
            )
            let session = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .store)
            try session.exchange([.begin])
            let claim = try #require(Claim(.of(10), now: nil))
            let answers = try session.exchange(claim.questions())
            let taken = try OpenClaim(claim: claim, session: session).run(answers)
            #expect(taken.tasks.count == 10)
            #expect(try await fixture.claim(100).count == 20)
            session.leaveTransaction()
        }
    }

    @Test("takes rows that a program refers to in a transaction of its own")
    func referred() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                "CREATE TABLE notes (task bigint REFERENCES tasks); INSERT INTO tasks (task_name) VALUES ('A')"
            )
            let other = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
            try other.exchange([.begin, Request(Statement(once: "INSERT INTO notes VALUES (1)"))])
            let claimed = try await fixture.claim(1)
            #expect(claimed.count == 1)
            #expect(try await fixture.store.renew(claimed.map(\.proof), lease: .seconds(900), now: nil) == [])
            try other.exchange([.rollback])
        }
    }

    @Test("in a flood goes on where it was, and looks again when it comes back short")
    func flood() async throws {
        try await withStore { fixture in
            fixture.store.memory.lanes.withLock { $0.lifetime = .seconds(3600) }
            try await fixture.psql(
                "INSERT INTO tasks (task_name, queue) SELECT 'A', 'q' || n % 2 FROM generate_series(1, 500) AS n"
            )
            var claimed = try await fixture.claim(200).map(\.id)
            #expect(claimed == (1...200).map { Int64($0) })
            // Due before all others, and in a lane that nobody knew of.
            try await fixture.psql(
                "INSERT INTO tasks (task_name, queue, run_at) VALUES ('A', 'q0', '2020-01-01'), ('A', 'new', '2020-01-01')"
            )
            let share = ClaimRequest.Share.usual(limit: 400, crashed: 1)
            let rest = try await fixture.store.settle(
                [],
                thenClaim: ClaimRequest(owner: "me", names: ["A"], share: share),
                now: nil
            )
            #expect(rest.isPartial)
            #expect(rest.claimed.map(\.id) == (201...500).map { Int64($0) })
            claimed = try await fixture.claim(200).map(\.id)
            #expect(claimed == [501, 502])
        }
    }

    @Test("does not walk again past what it took, while a transaction keeps the server from forgetting it")
    func held() async throws {
        try await withStore { fixture in
            fixture.store.memory.lanes.withLock { $0.lifetime = .seconds(3600) }
            try await fixture.psql(
                """
                ALTER TABLE tasks SET (autovacuum_enabled = off);
                INSERT INTO tasks (task_name) SELECT 'A' FROM generate_series(1, 20000)
                """
            )
            let holder = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
            try holder.exchange([
                Request(Statement(once: "BEGIN ISOLATION LEVEL REPEATABLE READ")),
                Request(Statement(once: "SELECT count(*) FROM tasks")),
            ])
            var claimed: [ClaimedTask] = []
            for _ in 1...50 {
                let share = ClaimRequest.Share.usual(limit: 200, crashed: 1)
                let exchange = try await fixture.store.settle(
                    claimed.map { Settlement($0.proof, .delete) },
                    thenClaim: ClaimRequest(owner: "me", names: ["A"], share: share),
                    now: nil
                )
                claimed = exchange.claimed
                #expect(claimed.count == 200)
            }
            let lanes = fixture.store.memory.lanes.withLock { $0.lanes(for: LaneMemory.Key(.of(1))) }
            let first = try #require(lanes?.first?.firstRow)
            #expect(first.id == 10_000)
            let pages = try await pagesRead(from: [Place(priority: 0, runAt: 0, id: 0), first], in: fixture)
            #expect(pages[0] > pages[1] + 50, "\(pages)")
            try holder.exchange([.rollback])
        }
    }

    @Test("takes what must be performed alone also while it remembers lanes")
    func alone() async throws {
        try await withStore { fixture in
            fixture.store.memory.lanes.withLock { $0.lifetime = .seconds(3600) }
            try await fixture.psql(
                """
                INSERT INTO tasks (task_name) SELECT 'A' FROM generate_series(1, 300);
                INSERT INTO tasks (task_name, crashes) VALUES ('A', 3)
                """
            )
            #expect(try await fixture.claim(100).count == 100)
            #expect(fixture.store.memory.lanes.withLock { $0.lanes(for: LaneMemory.Key(.of(1))) } != nil)
            let request = ClaimRequest(owner: "me", names: ["A"], share: .alone)
            #expect(try await fixture.store.claim(request).map(\.id) == [301])
            #expect(try await fixture.store.claim(request).isEmpty)
        }
    }

    @Test("finds a lane that nobody knew of at once, unless lanes are many; then within a second")
    func remembered() async throws {
        try await withStore { fixture in
            fixture.store.memory.lanes.withLock { $0.lifetime = .seconds(3600) }
            try await fixture.psql(
                "INSERT INTO tasks (task_name, queue) SELECT 'A', 'q' || n % 300 FROM generate_series(1, 900) AS n"
            )
            var claimed = try await fixture.claim(200).map(\.id)
            #expect(claimed == (1...200).map { Int64($0) })
            try await fixture.psql(
                "INSERT INTO tasks (task_name, queue, priority) VALUES ('A', 'new', -1), ('A', 'q1', 0)"
            )
            claimed += try await fixture.claim(200).map(\.id)
            #expect(claimed.count == 400)
            // Short of what was asked for, the next one looks again: nothing due stays behind.
            claimed += try await fixture.claim(1000).map(\.id)
            claimed += try await fixture.claim(1000).map(\.id)
            #expect(claimed.sorted() == (1...902).map { Int64($0) })
            try await fixture.psql(
                "INSERT INTO tasks (task_name, queue, priority) VALUES ('A', 'newer', 5), ('A', 'newest', -5)"
            )
            #expect(try await fixture.claim(1).map(\.id) == [904])
        }
    }

    @Test("of a row at the end of its numbers stops no other")
    func greatest() async throws {
        try await withStore { fixture in
            try await fixture.psql("INSERT INTO tasks (task_name, attempts) VALUES ('A', 2147483647), ('A', 0)")
            let claimed = try await fixture.claim(10)
            #expect(claimed.map(\.attempt) == [2_147_483_647, 1])
        }
    }

    @Test("takes rows whose run died one per free handler, in their place among the others")
    func crashed() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                INSERT INTO tasks (task_name, run_at, crashes)
                SELECT 'A', now() - make_interval(secs => 100 - n), CASE WHEN n % 2 = 0 THEN n % 5 ELSE 0 END
                FROM generate_series(1, 20) AS n
                """
            )
            #expect(try await fixture.claim(7, crashed: 2).map(\.id) == [1, 2, 3, 5, 6, 7, 9])
            #expect(try await fixture.claim(4, crashed: 9).map(\.id) == [10, 11, 12, 13])
            #expect(try await fixture.claim(99, crashed: 0).map(\.id) == [15, 17, 19, 20])
            #expect(try await fixture.claim(99, crashed: 9).map(\.id) == [16])
            let alone = ClaimRequest(owner: "me", names: ["A"], share: .alone)
            #expect(try await fixture.store.claim(alone).map(\.id) == [4])
        }
    }
}

@Suite("The memory of lanes")
struct LaneMemoryTests {
    private let lanes = (1...LaneMemory.many).map { number in
        Lane(
            mark: Lane.Mark(name: "A", queue: "q\(number)", priority: 0),
            firstRow: Place(priority: 0, runAt: 0, id: Int64(number))
        )
    }
    private let key = LaneMemory.Key(.of(1))

    /// Rows taken from lane `q1`, the last one with this number.
    private func taken(_ count: Int, of limit: Int, from lanes: [Lane]) -> ClaimedRows {
        let rows = (1..<count + 1).map { number in
            let proof = ClaimProof(id: Int64(number), number: 1)
            return ClaimedRows.Row(
                task: ClaimedTask(
                    proof: proof,
                    name: "A",
                    queue: "q1",
                    data: [],
                    attempt: 1,
                    maxAttempts: nil,
                    timeout: nil,
                    crashes: 0
                ),
                place: Place(priority: 0, runAt: 0, id: proof.id)
            )
        }
        return ClaimedRows(rows: rows, of: limit, lanes: lanes, firstRows: nil)
    }

    @Test("lasts for a second and is for one kind of request")
    func lasts() {
        var memory = LaneMemory()
        let now = ContinuousClock.now
        #expect(memory.lanes(for: key, at: now) == nil)
        memory.keep(after: taken(1, of: 1, from: lanes), look: .milliseconds(1), for: key, at: now)
        memory.keep(after: taken(1, of: 1, from: lanes), for: key)
        #expect(memory.lanes(for: key, at: now + .milliseconds(999))?.count == lanes.count)
        #expect(memory.lanes(for: key, at: now + .seconds(1)) == nil)
        #expect(memory.lanes(for: LaneMemory.Key(.of(1, names: ["B"])), at: now) == nil)
        #expect(memory.lanes(for: LaneMemory.Key(.of(1, queues: ["q1"])), at: now) == nil)
    }

    @Test("lasts longer where looks take long one after the other, and 5 s at most")
    func slow() {
        var memory = LaneMemory()
        let now = ContinuousClock.now
        func keep(_ look: Duration) {
            memory.keep(after: taken(1, of: 1, from: lanes), look: look, for: key, at: now)
        }
        keep(.seconds(3))
        #expect(memory.lanes(for: key, at: now + .seconds(1)) == nil, "one look may have waited for something else")
        keep(.milliseconds(200))
        #expect(memory.lanes(for: key, at: now + .milliseconds(3999)) != nil)
        #expect(memory.lanes(for: key, at: now + .seconds(4)) == nil)
        keep(.seconds(3))
        #expect(memory.lanes(for: key, at: now + .milliseconds(4999)) != nil)
        #expect(memory.lanes(for: key, at: now + .seconds(5)) == nil)
    }

    @Test("keeps what it knows of one request while others are made")
    func several() {
        var memory = LaneMemory()
        let other = LaneMemory.Key(.of(1, queues: ["q1"]))
        memory.keep(after: taken(1, of: 1, from: lanes), look: .zero, for: key)
        memory.keep(after: taken(0, of: 1, from: []), look: .zero, for: other)
        #expect(memory.lanes(for: key)?.count == lanes.count)
        for number in 0..<1000 {
            let key = LaneMemory.Key(.of(1, queues: ["q\(number)"]))
            memory.keep(after: taken(1, of: 1, from: lanes), look: .zero, for: key)
        }
        #expect(memory.lanes(for: LaneMemory.Key(.of(1, queues: ["q999"]))) != nil)
    }

    @Test("keeps a few lanes only in a flood, or where the look took long, and forgets what came back short")
    func few() {
        let few = Array(lanes.prefix(3))
        func isKept(_ count: Int, of limit: Int, look: Duration) -> Bool {
            var memory = LaneMemory()
            memory.keep(after: taken(count, of: limit, from: few), look: look, for: key)
            memory.keep(after: taken(count, of: limit, from: few), look: look, for: key)
            return memory.lanes(for: key) != nil
        }
        #expect(!isKept(99, of: 99, look: .milliseconds(1)))
        #expect(isKept(100, of: 100, look: .milliseconds(1)))
        #expect(isKept(5, of: 5, look: .milliseconds(101)))
        #expect(!isKept(5, of: 6, look: .milliseconds(101)))
        var memory = LaneMemory()
        memory.keep(after: taken(1, of: 1, from: lanes), look: .zero, for: key)
        memory.keep(after: taken(1, of: 2, from: lanes), for: key)
        #expect(memory.lanes(for: key) == nil)
    }

    @Test("goes on in each lane from the last row that was taken")
    func floors() {
        let few = Array(lanes.prefix(3))
        let left = taken(2, of: 2, from: few).lanes
        #expect(left.map(\.firstRow.id) == [2, 2, 3])
    }
}
