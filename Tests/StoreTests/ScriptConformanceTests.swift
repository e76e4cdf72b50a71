import Foundation
import TaskRun
import Testing

@Suite("SQL files")
struct ScriptConformanceTests {
    private func withAccounts(_ kind: StoreUnderTest, _ body: (Fixture, ClaimedTask) async throws -> Void) async throws
    {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("CREATE TABLE accounts (id bigint PRIMARY KEY, name text)")
            try await fixture.sql("INSERT INTO accounts VALUES (1, 'one'), (2, 'two')")
            try await fixture.add()
            try await body(fixture, try #require(try await fixture.claim().first))
        }
    }

    @Test("the script and the deletion of the row happen together", arguments: StoreUnderTest.allCases)
    func together(_ kind: StoreUnderTest) async throws {
        try await withAccounts(kind) { fixture, task in
            let script = Script(
                sql: "DELETE FROM accounts WHERE id = :id; -- :no\nUPDATE accounts SET name = ':id';",
                values: ["id": .integer(1)]
            )
            #expect(try await fixture.store.perform(script, settling: task.proof, timeLimit: .seconds(60)) == .done)
            #expect(try await fixture.rows("SELECT id, name FROM accounts") == ["2|:id"])
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test("values are bound, never pasted", arguments: StoreUnderTest.allCases)
    func bound(_ kind: StoreUnderTest) async throws {
        try await withAccounts(kind) { fixture, task in
            let evil = "'); DELETE FROM accounts; --"
            let sql = "INSERT INTO accounts (id, name) VALUES (:id, :name); DELETE FROM accounts WHERE id = 2 AND :yes"
            let script = Script(sql: sql, values: ["id": .integer(3), "name": .text(evil), "yes ": .bool(true)])
            let outcome = try await fixture.store.perform(script, settling: task.proof, timeLimit: .seconds(60))
            #expect(outcome == .done)
            #expect(try await fixture.rows("SELECT id, name FROM accounts ORDER BY id") == ["1|one", "3|\(evil)"])
        }
    }

    @Test("a lost lease leaves no trace of the script", arguments: StoreUnderTest.allCases)
    func lost(_ kind: StoreUnderTest) async throws {
        try await withAccounts(kind) { fixture, task in
            try await fixture.sql("UPDATE tasks SET claim_no = claim_no + 1")
            let script = Script(sql: "DELETE FROM accounts", values: [:])
            #expect(
                try await fixture.store.perform(script, settling: task.proof, timeLimit: .seconds(60)) == .leaseLost
            )
            try await fixture.expect("SELECT count(*) FROM accounts", "2")
            try await fixture.expect("SELECT count(*) FROM tasks", "1")
        }
    }

    @Test("a name without a value leaves no trace", arguments: StoreUnderTest.allCases)
    func missing(_ kind: StoreUnderTest) async throws {
        try await withAccounts(kind) { fixture, task in
            let script = Script(
                sql: "DELETE FROM accounts WHERE id = 1; DELETE FROM accounts WHERE id = :nr",
                values: ["id": .integer(1)]
            )
            #expect(
                try await fixture.store.perform(script, settling: task.proof, timeLimit: .seconds(60))
                    == .missingValue(name: "nr")
            )
            try await fixture.expect("SELECT count(*) FROM accounts", "2")
            try await fixture.expect("SELECT status FROM tasks", "PROCESSING")
        }
    }

    @Test(
        "a refused statement undoes the ones before it",
        arguments: StoreUnderTest.allCases,
        ["DELETE FROM nowhere", "INSERT INTO accounts VALUES (2, 'again')", "COMMIT", "/* x */ rollback"]
    )
    func refused(_ kind: StoreUnderTest, _ statement: String) async throws {
        try await withAccounts(kind) { fixture, task in
            let script = Script(sql: "DELETE FROM accounts WHERE id = 1; \(statement)", values: [:])
            let outcome = try await fixture.store.perform(script, settling: task.proof, timeLimit: .seconds(60))
            guard case .failed(let error) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(!error.isEmpty)
            try await fixture.expect("SELECT count(*) FROM accounts", "2")
            #expect(try await fixture.store.settle([Settlement(task.proof, .delete)]) == [.settled])
        }
    }

    @Test(
        "a script ends, undone, at its time limit and when it is cancelled",
        arguments: StoreUnderTest.allCases,
        [true, false]
    )
    func limited(_ kind: StoreUnderTest, _ isCancelled: Bool) async throws {
        try await withAccounts(kind) { fixture, task in
            let endless = """
                DELETE FROM accounts;
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT max(i) FROM n
                """
            let store = fixture.store
            let running = Task {
                try await store.perform(
                    Script(sql: endless, values: [:]),
                    settling: task.proof,
                    timeLimit: isCancelled ? .seconds(3600) : .milliseconds(300)
                )
            }
            if isCancelled {
                try await Task.sleep(for: .milliseconds(100))
                running.cancel()
            }
            let outcome = try? await running.value
            if let outcome, case .failed = outcome {
            } else if outcome != nil {
                Issue.record("\(String(describing: outcome))")
            }
            try await fixture.expect("SELECT count(*) FROM accounts", "2")
            #expect(try await fixture.store.renew([task.proof], lease: .seconds(300), now: nil) == [])
        }
    }
}
