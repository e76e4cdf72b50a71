import Foundation
import GRDB
import TaskRun
import Testing

@Suite("Rows that no program should write")
struct HostileRowTests {
    @Test("a queue and a name that are not UTF-8 are stepped over once, and what comes after them is found")
    func notUTF8() async throws {
        try await Fixture.with(.sqlite) { fixture in
            for queue in ["CAST(x'ff41' AS TEXT)", "CAST(x'fe' AS TEXT)", "'z'", "CAST(x'ff42' AS TEXT)"] {
                try await fixture.add(columns: "queue", values: queue)
            }
            #expect(try await fixture.claim(limit: 1).map(\.id) == [1])
            let tasks = try await fixture.claim()
            #expect(tasks.map(\.id) == [2, 3, 4] && tasks.map(\.queue) == ["\u{FFFD}", "z", "\u{FFFD}B"])
            for name in ["x'e0'", "x'f09f9880'", "x'41ff'", "x'42'"] {
                try await fixture.add(name: "' || CAST(\(name) AS TEXT) || '")
            }
            #expect(try await fixture.store.waitingNames(limit: 9) == ["A\u{FFFD}", "B", "\u{FFFD}", "\u{1F600}"])
            #expect(try await fixture.store.waitingNames(limit: 0).isEmpty)
        }
    }

    @Test(
        "a lease and an error that are none are refused at insert",
        arguments: [
            "lease_owner) VALUES ('A', x'41')", "last_error) VALUES ('A', x'41')",
            "lease_expires_at) VALUES ('A', CAST('2030-01-01' AS BLOB))",
            "lease_expires_at) VALUES ('A', 'soon')", "lease_expires_at) VALUES ('A', '')",
        ]
    )
    func refused(_ rest: String) async throws {
        try await Fixture.with(.sqlite) { fixture in
            await #expect(throws: (any Error).self) {
                try await fixture.sql("INSERT INTO tasks (task_name, \(rest)")
            }
        }
    }

    private static let columns = [
        "task_name", "created_at", "data", "status", "queue", "priority", "run_at", "attempts", "max_attempts",
        "timeout_seconds", "lease_owner", "lease_expires_at", "claim_no", "crashes", "last_error",
    ]

    private static let values = [
        "x'ff00'", "x''", "CAST(x'ff41' AS TEXT)", "'a' || char(0) || 'b'", "''", "-9223372036854775808",
        "9223372036854775807", "2147483648", "1.5", "-1e300", "1e300", "printf('%.*c', 300000, 'x')",
        "zeroblob(300000)",
    ]

    @Test("whatever is in a column, nothing ends the program and the good rows are performed", arguments: columns)
    func anything(_ column: String) async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.sqlWithoutChecks(
                Self.values.flatMap { value in
                    ["WAITING", "PROCESSING", "FAILED"].flatMap { status in
                        [0, 1, 3].map { crashes in
                            Self.insertion(column, value, status: status, crashes: crashes)
                        }
                    }
                }
            )
            try await fixture.add(3)
            let before = try await fixture.store.list(TaskFilter(limit: 1000)).count
            #expect(before == Self.values.count * 9 + 3)
            for id in 1...Int64(before) { #expect(try await fixture.store.show(id)?.id == id) }
            _ = try await fixture.store.summary()
            _ = try await fixture.store.recover(RecoverRequest(now: Fixture.start))
            #expect(try await fixture.store.waitingNames(limit: 100).contains("A"))
            var (performed, others): (Set<Int64>, [ClaimProof]) = ([], [])
            for round in 0..<100 {
                let request = ClaimRequest(owner: "me", names: ["A"], share: .alone)
                let tasks =
                    try await fixture.claim(limit: 7, crashed: 3) + fixture.store.claim(request, now: Fixture.start)
                if tasks.isEmpty { break }
                #expect(round < 99, "claims went on for ever")
                performed.formUnion(tasks.map(\.id))
                others += tasks.map(\.proof)
                let verdicts: [Verdict] = [
                    .delete, .retry(after: .seconds(60), error: "no"), .fail(error: "no"),
                    .release(after: .seconds(60), error: nil),
                ]
                #expect(try await fixture.store.renew(tasks.map(\.proof), lease: .seconds(9), now: nil).isEmpty)
                let results = try await fixture.store.settle(
                    zip(tasks, 0...).map { Settlement($0.proof, verdicts[$1 % 4]) },
                    now: Fixture.start
                )
                #expect(results.allSatisfy { $0 == .settled })
            }
            #expect(performed.isSuperset(of: (0..<3).map { Int64(before - $0) }))
            _ = try await fixture.store.giveBack(owner: "gone", except: others)
            _ = try await fixture.store.list(TaskFilter())
            _ = try await fixture.store.summary()
            _ = try await fixture.store.retry(.all)
            _ = try await fixture.store.delete(Array(1...Int64(before)))
        }
    }

    private static let newColumns = [
        "dedupe_key", "lock_key", "lock_place", "expires_at", "token", "progress_done", "progress_total",
        "progress_note",
        "cancel_requested_at", "batch", "after_batch",
    ]

    @Test("so it is with the columns that only some tasks have", arguments: newColumns)
    func anythingElse(_ column: String) async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.sqlWithoutChecks(
                (Self.values + ["NULL", "0", "1", "2"]).flatMap { value in
                    ["WAITING", "PROCESSING", "FAILED"].flatMap { status in
                        [0, 1].map { crashes in
                            Self.insertion(column, value, status: status, crashes: crashes)
                                // Some may be there but once.
                                .replacing("INSERT INTO", with: "INSERT OR IGNORE INTO")
                        }
                    }
                }
            )
            try await fixture.due(3, name: "B")
            let tasks = try await fixture.store.list(TaskFilter(limit: 1000))
            _ = try await fixture.store.summary()
            _ = try await fixture.store.states(of: tasks.compactMap(\.token))
            _ = try await fixture.store.waitForTasks(names: ["A"], queues: nil, until: .now)
            let handlers = [ClosureHandler(), ClosureHandler("B")]
            let report = try await fixture.makeRun(handlers).run()
            #expect(report.trouble == nil && handlers[1].ids.count == 3)
            _ = try await fixture.store.repairLockLines(now: nil)
            #expect(try await fixture.store.repairLockLines(now: nil) == 0)
            let left = try await fixture.store.list(TaskFilter(limit: 1000)).map(\.id)
            _ = try await fixture.store.retry(.all)
            // The table may refuse to have a row changed as it is.
            for id in left { _ = try? await fixture.store.cancel([.id(id)], retention: ResultRetention(.seconds(9))) }
            _ = try await fixture.store.delete(left)
            _ = try await fixture.store.prune(limit: 1000, now: nil)
        }
    }

    /// An INSERT with one odd value.
    private static func insertion(_ column: String, _ value: String, status: String, crashes: Int) -> String {
        var row = [
            "task_name": "'A'", "run_at": "'2029-12-31'", "created_at": "'2029-12-31'", "status": "'\(status)'",
            "crashes": "\(crashes)", "lease_owner": status == "PROCESSING" ? "'gone'" : "NULL",
        ]
        row[column] = value
        let names = row.keys.sorted()
        return """
            INSERT INTO tasks (\(names.joined(separator: ", ")))
            VALUES (\(names.compactMap { row[$0] }.joined(separator: ", ")))
            """
    }
}

@Suite("Numbers at their limits")
struct NumberLimitTests {
    @Test("numbers at their greatest stop neither a claim nor a recovery", arguments: StoreUnderTest.allCases)
    func greatest(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            let lease = Fixture.moment(Fixture.start.addingTimeInterval(-1))
            try await fixture.add(columns: "attempts", values: "2147483647")
            try await fixture.add(columns: "claim_no", values: "4611686018427387904")
            try await fixture.add(columns: "claim_no", values: "4611686018427387903")
            try await fixture.add(
                columns: "status, crashes, lease_expires_at",
                values: "'PROCESSING', 2147483647, \(lease)"
            )
            try await fixture.add()
            let recovered = try await fixture.store.recover(RecoverRequest(now: Fixture.start))
            #expect(recovered.map(\.crashes) == [2_147_483_647] && recovered.map(\.status) == [.failed])
            let tasks = try await fixture.claim()
            #expect(tasks.map(\.id) == [1, 2, 3, 5])
            #expect(tasks.map(\.attempt) == [2_147_483_647, 1, 1, 1])
            #expect(tasks.map(\.proof.number) == [1, 1, 4_611_686_018_427_387_904, 1])
            #expect(try await fixture.store.settle(tasks.map { Settlement($0.proof, .delete) }).count == 4)
        }
    }

    @Test(
        "a claim number out of its bounds is refused at insert",
        arguments: StoreUnderTest.allCases,
        ["-1", "4611686018427387905", "9223372036854775807"]
    )
    func refused(_ kind: StoreUnderTest, _ number: String) async throws {
        try await Fixture.with(kind) { fixture in
            await #expect(throws: (any Error).self) {
                try await fixture.sql("INSERT INTO tasks (task_name, claim_no) VALUES ('A', \(number))")
            }
        }
    }

    @Test("a name is told though a run died with its only waiting task", arguments: StoreUnderTest.allCases)
    func crashedName(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(name: "B", columns: "crashes", values: "1")
            try await fixture.add(2, name: "A")
            try await fixture.add(name: "A", columns: "crashes", values: "4")
            #expect(try await fixture.store.waitingNames(limit: 10) == ["A", "B"])
            #expect(try await fixture.store.waitingNames(limit: 1) == ["A"])
        }
    }
}

extension Fixture {
    /// Runs statements as a program might that has switched the checks off.
    fileprivate func sqlWithoutChecks(_ statements: [String]) async throws {
        let path = String(store.location.dropFirst("sqlite:".count))
        try await DatabaseQueue(path: path).write { database in
            try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
            for statement in statements { try database.execute(sql: statement) }
        }
    }
}
