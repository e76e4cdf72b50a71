import Foundation
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

@Suite("A claim")
struct ClaimTests {
    /// Holds rows locked, as another run's open transaction does.
    private func locking(_ condition: String, in fixture: Fixture) throws -> PostgreSQLSession {
        let session = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: "")
        try session.exchange([.begin, Request(Statement(once: "SELECT FROM tasks WHERE \(condition) FOR UPDATE"))])
        return session
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
            let session = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: SessionSettings.store)
            try session.exchange([.begin])
            let claim = try #require(Claim(.of(10), now: nil))
            let answers = try session.exchange(claim.questions(knowing: nil))
            let taken = try claim.take(in: session, lanes: nil, answers: answers)
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
            let other = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: "")
            try other.exchange([.begin, Request(Statement(once: "INSERT INTO notes VALUES (1)"))])
            let claimed = try await fixture.claim(1)
            #expect(claimed.count == 1)
            #expect(try await fixture.store.renew(claimed.map(\.proof), lease: .seconds(900), now: nil) == [])
            try other.exchange([.rollback])
        }
    }

    @Test("finds a lane that nobody knew of at once, unless lanes are many; then within a second")
    func remembered() async throws {
        try await withStore { fixture in
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
            // Short of what was asked for, it looks again: nothing due stays behind.
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
            head: Place(priority: 0, runAt: 0, id: Int64(number))
        )
    }
    private let key = LaneMemory.Key(.of(1))

    @Test("lasts for a second and is for one kind of request")
    func lasts() {
        var memory = LaneMemory()
        let now = ContinuousClock.now
        #expect(memory.lanes(for: key, at: now) == nil)
        memory.remember(lanes, areNew: true, for: key, at: now)
        memory.remember(lanes, areNew: false, for: key, at: now + .milliseconds(500))
        #expect(memory.lanes(for: key, at: now + .milliseconds(999))?.count == lanes.count)
        #expect(memory.lanes(for: key, at: now + .seconds(1)) == nil)
        #expect(memory.lanes(for: LaneMemory.Key(.of(1, names: ["B"])), at: now) == nil)
        #expect(memory.lanes(for: LaneMemory.Key(.of(1, queues: ["q1"])), at: now) == nil)
    }

    @Test("does not keep a few lanes, and forgets the many that were there before")
    func few() {
        var memory = LaneMemory()
        memory.remember(lanes, areNew: true, for: key)
        memory.remember(lanes.dropLast(), areNew: true, for: key)
        #expect(memory.lanes(for: key) == nil)
    }
}
