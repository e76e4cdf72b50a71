import Foundation
import TaskRun
import Testing

@Suite("Claim")
struct ClaimConformanceTests {
    @Test("a row with nothing but a task name is a whole task", arguments: StoreUnderTest.allCases)
    func bareInsert(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('A')")
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 1, crashed: 1))
            let task = try #require(try await fixture.store.claim(request).first)
            #expect(task.data == Array("{}".utf8))
            #expect((task.queue, task.attempt, task.crashes) == ("default", 1, 0))
            #expect(task.maxAttempts == nil && task.timeout == nil)
        }
    }

    @Test(
        "a claimed row is PROCESSING with attempt, claim number, owner and lease end",
        arguments: StoreUnderTest.allCases
    )
    func marks(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "max_attempts, timeout_seconds, queue, priority", values: "3, 7, 'mail', -5")
            let task = try #require(try await fixture.claim(lease: .seconds(300)).first)
            #expect(task.proof == ClaimProof(id: 1, number: 1))
            #expect((task.attempt, task.maxAttempts, task.timeout, task.queue) == (1, 3, .seconds(7), "mail"))
            let row = try #require(try await fixture.store.show(1))
            #expect((row.status, row.attempts, row.claimNumber, row.leaseOwner) == (.processing, 1, 1, "me"))
            #expect(row.leaseExpiresAt == Fixture.start.addingTimeInterval(300))
        }
    }

    @Test("a handler gets the very bytes that were inserted", arguments: StoreUnderTest.allCases)
    func bytes(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let data =
                #"{"with_opts ": true,  "id":34532,"big":123456789012345678901234567890.10, "ü":"\u00fc ☃", "id":1}"#
            try await fixture.add(columns: "data", values: "'\(data)'")
            #expect(try await fixture.claim().first?.data == Array(data.utf8))
        }
    }

    @Test("10 MB of data come through", arguments: StoreUnderTest.allCases)
    func large(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let data = "\"" + String(repeating: "x", count: 10_000_000) + "\""
            _ = try await fixture.store.add([NewTask(name: "A", data: data)])
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 1, crashed: 1))
            #expect(try await fixture.store.claim(request).first?.data.count == 10_000_002)
        }
    }

    @Test("smallest priority first, then run_at, then id", arguments: StoreUnderTest.allCases)
    func order(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for (name, queue, priority, ago) in [
                ("A", "x", 1024, 50), ("A", "x", 0, 20), ("B", "y", 0, 30), ("B", "y", -1, 5), ("A", "y", 0, 30),
                ("A", "x", 2048, 99), ("A", "x", 0, 20),
            ] {
                let run = Fixture.moment(Fixture.start.addingTimeInterval(-Double(ago)))
                try await fixture.sql(
                    "INSERT INTO tasks (task_name, queue, priority, run_at) VALUES ('\(name)', '\(queue)', \(priority), \(run))"
                )
            }
            var order: [Int64] = []
            for limit in [3, 1, 10] { order += try await fixture.claim(["A", "B"], limit: limit).map(\.id) }
            #expect(order == [4, 3, 5, 2, 7, 1, 6])
        }
    }

    /// Some queues have hundreds of tasks and most a few, many are due at the same moment, and lanes are remembered from
    /// one claim to the next.
    @Test(
        "claims over hundreds of queues come in due order, with lock keys and without",
        arguments: StoreUnderTest.allCases,
        ["NULL", "CASE WHEN n % 3 = 0 THEN 'key ' || n END"]
    )
    func manyQueues(_ kind: StoreUnderTest, _ key: String) async throws {
        try await Fixture.with(kind) { fixture in
            let (count, moments) = (2000, (0..<20).map { Fixture.start.addingTimeInterval(-Double($0 * $0)) })
            let type = kind == .postgresql ? "::timestamptz" : ""
            let cases = moments.enumerated().map { "WHEN \($0) THEN \(Fixture.moment($1))\(type)" }.joined(
                separator: " "
            )
            try await fixture.sql(
                """
                WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < \(count))
                INSERT INTO tasks (task_name, queue, priority, run_at, lock_key)
                SELECT 'A', 'q' || CASE WHEN n % 4 = 0 THEN n % 12 ELSE n * 7919 % 331 END,
                    CASE WHEN n * 31 % 11 = 0 THEN -5 ELSE n * 17 % 2 END,
                    CASE n * 104729 % 23 % 20 \(cases) END, \(key)
                FROM numbers
                """
            )
            let order = try await fixture.rows("SELECT id FROM tasks ORDER BY priority, run_at, id").map { Int64($0) }
            var claimed: [Int64] = []
            for limit in [1, 60, 2, 1, 250, 1, 60, 700, 7, 333] {
                claimed += try await fixture.claim(["A"], limit: limit).map(\.id)
                #expect(claimed == order.prefix(claimed.count).map(\.self))
            }
            while case let more = try await fixture.claim(["A"], limit: 100), !more.isEmpty {
                claimed += more.map(\.id)
            }
            #expect(claimed == order.compactMap(\.self))
        }
    }

    /// The first lanes are remembered, and empty by then: as others have taken or deleted what was in them.
    @Test(
        "claims over hundreds of queues come in due order where others empty some of them",
        arguments: StoreUnderTest.allCases,
        [(1, "NULL"), (2, "NULL"), (1, "'k'"), (2, "'k'")]
    )
    func emptiedQueues(_ kind: StoreUnderTest, _ some: (queues: Int, key: String)) async throws {
        try await Fixture.with(kind) { fixture in
            let (empty, key) = some
            func add(_ queue: Int, _ second: Double, _ key: String = "NULL") async throws {
                try await fixture.sql(
                    """
                    INSERT INTO tasks (task_name, queue, run_at, lock_key)
                    VALUES ('A', 'q\(queue)', \(Fixture.moment(Fixture.start.addingTimeInterval(second - 1000))), \(key))
                    """
                )
            }
            // Two that are claimed at first, some that are emptied, one with many tasks, and many with one.
            for queue in 0..<2 + empty { try await add(queue, Double(queue)) }
            for number in 0..<20 { try await add(50, 10 + Double(2 * number)) }
            for number in 0..<250 { try await add(100 + number, 11 + Double(2 * number)) }
            for second in [900.0, 901] { try await add(0, second, key) }
            #expect(try await fixture.claim(["A"], limit: 2).count == 2)
            let moment = Fixture.moment(Fixture.start.addingTimeInterval(-990))
            try await fixture.sql("DELETE FROM tasks WHERE run_at < \(moment) AND status = 'WAITING'")
            // That they are empty turns out now.
            _ = try await fixture.claim(["A"], limit: 2)
            let order = try await fixture.rows(
                "SELECT id FROM tasks WHERE status = 'WAITING' ORDER BY priority, run_at, id LIMIT 12"
            )
            var claimed: [Int64] = []
            while claimed.count < 12 { claimed += try await fixture.claim(["A"], limit: 2).map(\.id) }
            #expect(claimed.prefix(12).map(String.init) == order)
        }
    }

    @Test("a name or queue that is said twice is claimed once", arguments: StoreUnderTest.allCases)
    func twice(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name, lock_key) VALUES ('A', NULL), ('A', 'k')")
            let request = ClaimRequest(
                owner: "me",
                names: ["A", "A"],
                queues: ["default", "default"],
                share: .usual(limit: 5, crashed: 1)
            )
            #expect(try await fixture.store.claim(request).count == 2)
        }
    }

    @Test("a task is not claimed before its run_at, and is once it has come", arguments: StoreUnderTest.allCases)
    func runAt(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let run = Fixture.moment(Fixture.start)
            try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', \(run))")
            #expect(try await fixture.claim(now: Fixture.start.addingTimeInterval(-0.01)).isEmpty)
            #expect(try await fixture.claim(now: Fixture.start).count == 1)
        }
    }

    @Test("moments written in different ways are ordered rightly among each other", arguments: StoreUnderTest.allCases)
    func spellings(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for text in [
                "2029-12-31T23:59:59.500Z", "2029-12-31 23:59:58Z", "2030-01-01T01:59:57+02:00",
                "2029-12-31 18:59:56-05:00",
            ] {
                try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', '\(text)')")
            }
            #expect(try await fixture.claim().map(\.id) == [4, 3, 2, 1])
        }
    }

    @Test("only the names and queues asked for are claimed, others are not touched", arguments: StoreUnderTest.allCases)
    func filters(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for (name, queue) in [("A", "x"), ("B", "x"), ("A", "y"), ("C", "z")] {
                try await fixture.add(name: name, columns: "queue", values: "'\(queue)'")
            }
            #expect(try await fixture.claim([]).isEmpty)
            #expect(try await fixture.claim(["A"], queues: ["y", "nothing"]).map(\.id) == [3])
            #expect(try await fixture.claim(["A", "B"]).map(\.id) == [1, 2])
            let row = try #require(try await fixture.store.show(4))
            #expect((row.status, row.attempts, row.claimNumber) == (.waiting, 0, 0))
        }
    }

    @Test(
        "a claim never brings more than its limit, and not less while more is due",
        arguments: StoreUnderTest.allCases
    )
    func limits(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(4, name: "A")
            try await fixture.add(4, name: "B", columns: "queue", values: "'other'")
            #expect(try await fixture.claim(["A", "B"], limit: 3).count == 3)
            // A lane that no look has found yet is found when the known ones run dry.
            try await fixture.add(2, name: "A", columns: "priority", values: "7")
            #expect(try await fixture.claim(["A", "B"], limit: 7).count == 7)
            #expect(try await fixture.claim(["A", "B"]).isEmpty)
        }
    }

    @Test("FAILED and PROCESSING rows are not claimed", arguments: StoreUnderTest.allCases)
    func states(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "status", values: "'FAILED'")
            try await fixture.add(columns: "status", values: "'PROCESSING'")
            #expect(try await fixture.claim().isEmpty)
        }
    }

    @Test("two runs never get the same row", arguments: StoreUnderTest.allCases)
    func concurrent(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for queue in ["x", "y", "z"] {
                _ = try await fixture.store.add((0..<100).map { _ in NewTask(name: "A", queue: queue) })
            }
            let ids = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for run in 0..<4 {
                    let store = try fixture.anotherStore()
                    group.addTask {
                        var ids: [Int64] = []
                        while true {
                            let share = ClaimRequest.Share.usual(limit: 7, crashed: 0)
                            let tasks = try await store.claim(ClaimRequest(owner: "\(run)", names: ["A"], share: share))
                            if tasks.isEmpty { break }
                            ids += tasks.map(\.id)
                        }
                        await store.close()
                        return ids
                    }
                }
                return try await group.reduce([], +)
            }
            #expect(ids.sorted() == Array(1...300))
        }
    }

    @Test("a task with crashes is claimed for a free place, never ahead", arguments: StoreUnderTest.allCases)
    func crashedShare(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3, columns: "crashes", values: "1")
            try await fixture.add(3, columns: "crashes", values: "0")
            try await fixture.add(1, columns: "crashes", values: "3")
            #expect(try await fixture.claim(limit: 10, crashed: 0).map(\.id) == [4, 5, 6])
            #expect(try await fixture.claim(limit: 10, crashed: 2).map(\.id) == [1, 2])
            #expect(try await fixture.claim(limit: 10, crashed: 2).map(\.id) == [3])
            #expect(try await fixture.claim(limit: 10, crashed: 10).isEmpty)
        }
    }

    @Test(
        "a task with three crashes or more is claimed alone, the first in due order",
        arguments: StoreUnderTest.allCases
    )
    func alone(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "crashes", values: "2")
            try await fixture.add(2, columns: "crashes, priority", values: "4, 1")
            try await fixture.add(1, columns: "crashes, priority", values: "3, 0")
            let request = ClaimRequest(owner: "me", names: ["A"], share: .alone)
            var order: [Int64] = []
            while let task = try await fixture.store.claim(request, now: Fixture.start).first { order.append(task.id) }
            #expect(order == [4, 2, 3])
            #expect(try await fixture.store.claim(ClaimRequest(owner: "me", names: ["B"], share: .alone)).isEmpty)
        }
    }

    @Test("the names of waiting tasks are told, each once, up to a limit", arguments: StoreUnderTest.allCases)
    func names(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for name in ["B", "A", "B", "C"] { try await fixture.add(name: name) }
            try await fixture.add(name: "D", columns: "status", values: "'FAILED'")
            #expect(try await fixture.store.waitingNames(limit: 10).sorted() == ["A", "B", "C"])
            #expect(try await fixture.store.waitingNames(limit: 2).count == 2)
        }
    }

    @Test(
        "what was added since a claim that left nothing is claimed with the ends that follow",
        arguments: StoreUnderTest.allCases,
        ["priority = 1", "lock_key = 'k'", "crashes = 1", "queue = 'other'", "expires_at = NULL"]
    )
    func addedSince(_ kind: StoreUnderTest, _ change: String) async throws {
        try await Fixture.with(kind) { fixture in
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 9, crashed: 9))
            var ends: [Settlement] = []
            for _ in 1...5 {
                let added = try await fixture.store.add([NewTask(name: "A")])
                try await fixture.sql("UPDATE tasks SET \(change) WHERE status = 'WAITING'")
                let exchange = try await fixture.store.settle(ends, thenClaim: request, now: nil)
                #expect(exchange.results == ends.map { _ in .settled } && exchange.look == nil)
                #expect(exchange.claimed.map(\.id) == added)
                ends = exchange.claimed.map { Settlement($0.proof, .delete, lockKey: $0.lockKey) }
            }
            let last = try await fixture.store.settle(ends, thenClaim: request, now: nil)
            #expect(last.results == [.settled] && last.claimed.isEmpty)
            if let look = last.look { #expect(look == Look(holdsClaims: false, isDue: false, waitingNames: [])) }
        }
    }
}
