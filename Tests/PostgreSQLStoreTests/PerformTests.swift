import Platform
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

@Suite("An SQL script that settles a task")
struct PerformTests {
    /// A store with a table of accounts and one claimed task.
    private func withTask(_ body: (Fixture, ClaimProof) async throws -> Void) async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                CREATE TABLE accounts (id integer PRIMARY KEY, flag boolean, note text, size numeric, data json);
                INSERT INTO accounts VALUES (1, true, 'one'), (2, false, 'two');
                INSERT INTO tasks (task_name) VALUES ('A');
                """
            )
            let task = try #require(try await fixture.claim(1).first)
            try await body(fixture, task.proof)
        }
    }

    private func perform(
        _ sql: String,
        _ values: [String: Script.Value] = [:],
        _ proof: ClaimProof,
        in fixture: Fixture,
        limit: Duration = .seconds(600)
    ) async throws -> ScriptOutcome {
        try await fixture.store.perform(Script(sql: sql, values: values), settling: proof, timeLimit: limit)
    }

    /// The row is in hand as before, and both accounts are there.
    private func isUntouched(_ fixture: Fixture) async throws -> Bool {
        try await fixture.psql("SELECT (SELECT count(*) FROM accounts), status, claim_no FROM tasks")
            == "2|PROCESSING|1"
    }

    @Test("binds values of every kind, where the server finds out the type")
    func values() async throws {
        try await withTask { fixture, proof in
            let values: [String: Script.Value] = [
                "id": .integer(3), "flag": .bool(true), "note": .text("it's; :id -- 'x' \\ \u{1F600}"), "none": .null,
                "size": .number("12345678901234567890.5"), "json": .text(#"{"a":[1]}"#), "with_opts ": .bool(true),
            ]
            let outcome = try await perform(
                """
                INSERT INTO accounts VALUES (:id, :flag, :note, :size, :json); -- :missing
                UPDATE accounts SET note = :none WHERE id = :id - 1 AND :with_opts;
                DELETE FROM accounts WHERE id = :id::bigint - 2;
                """,
                values,
                proof,
                in: fixture
            )
            #expect(outcome == .done)
            let rows = try await fixture.psql("SELECT * FROM accounts ORDER BY id; SELECT count(*) FROM tasks")
            #expect(rows == "2|f|||\n3|t|it's; :id -- 'x' \\ \u{1F600}|12345678901234567890.5|{\"a\":[1]}\n0")
        }
    }

    @Test("leaves no trace after a failure, and says which statement failed")
    func failure() async throws {
        try await withTask { fixture, proof in
            let outcome = try await perform(
                "DELETE FROM accounts;\nSELECT 1 / :n",
                ["n": .integer(0)],
                proof,
                in: fixture
            )
            #expect(outcome == .failed(error: "in statement 2 of the script: division by zero (SQLSTATE 22012)"))
            #expect(try await isUntouched(fixture))
        }
    }

    @Test("leaves no trace when it would copy from or to the program", arguments: ["FROM STDIN", "TO STDOUT"])
    func copy(_ direction: String) async throws {
        try await withTask { fixture, proof in
            let outcome = try await perform("DELETE FROM accounts; COPY accounts \(direction)", [:], proof, in: fixture)
            guard case .failed(let error) = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(error.contains("in statement 2 of the script") && error.contains("COPY"))
            #expect(try await isUntouched(fixture))
            #expect(try await perform("SELECT 1", [:], proof, in: fixture) == .done)
        }
    }

    @Test("leaves no trace when a constraint fails at the commit")
    func deferred() async throws {
        try await withTask { fixture, proof in
            try await fixture.psql(
                "ALTER TABLE accounts ADD COLUMN boss integer REFERENCES accounts DEFERRABLE INITIALLY DEFERRED"
            )
            let outcome = try await perform("UPDATE accounts SET boss = 9 WHERE id = 1", [:], proof, in: fixture)
            guard case .failed(let error) = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(error.contains("at the end of the script") && error.contains("23503"))
            #expect(try await isUntouched(fixture))
        }
    }

    @Test("is undone when the time limit passes, counted over all statements")
    func timeLimit() async throws {
        try await withTask { fixture, proof in
            let outcome = try await perform(
                "DELETE FROM accounts; SELECT pg_sleep(600)",
                [:],
                proof,
                in: fixture,
                limit: .milliseconds(300)
            )
            #expect(outcome == .failed(error: "the time limit of 0.3 seconds passed in statement 2 of the script"))
            #expect(try await isUntouched(fixture))
            #expect(try await perform("SELECT 1", [:], proof, in: fixture, limit: .zero) != .done)
        }
    }

    @Test("is undone when the calling task is cancelled")
    func cancelled() async throws {
        try await withTask { fixture, proof in
            let script = Script(sql: "DELETE FROM accounts; SELECT pg_sleep(600)", values: [:])
            let store = try PostgreSQLStore(fixture.url + "&application_name=cancelled")
            let call = Task { try await store.perform(script, settling: proof, timeLimit: .seconds(600)) }
            try await eventually { try await fixture.psql(Self.sleeping("cancelled")) == "1" }
            call.cancel()
            #expect(try await call.value == .failed(error: "cancelled in statement 2 of the script"))
            #expect(try await isUntouched(fixture))
            #expect(
                try await store.perform(Script(sql: "SELECT 1", values: [:]), settling: proof, timeLimit: .seconds(60))
                    == .done
            )
            await store.close()
        }
    }

    @Test("that is cancelled before it begins changes nothing")
    func cancelledBefore() async throws {
        try await withTask { fixture, proof in
            let call = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await perform("DELETE FROM accounts", [:], proof, in: fixture)
            }
            call.cancel()
            let outcome = try await call.value
            #expect(outcome == .failed(error: "cancelled before the script began"))
            #expect(try await isUntouched(fixture))
        }
    }

    @Test("leaves no trace when the claim was taken over")
    func leaseLost() async throws {
        try await withTask { fixture, proof in
            let old = ClaimProof(id: proof.id, number: proof.number - 1)
            let outcome = try await perform("DELETE FROM accounts", [:], old, in: fixture)
            #expect(outcome == .leaseLost)
            #expect(try await isUntouched(fixture))
        }
    }

    @Test("leaves no trace when a value is missing, or when it would end the transaction itself")
    func refused() async throws {
        try await withTask { fixture, proof in
            #expect(
                try await perform("DELETE FROM accounts WHERE id = :who", [:], proof, in: fixture)
                    == .missingValue(name: "who")
            )
            for statement in ["COMMIT", "rollback", "BEGIN", "End;"] {
                let outcome = try await perform("DELETE FROM accounts; \(statement)", [:], proof, in: fixture)
                guard case .failed(let error) = outcome else { return #expect(Bool(false), "\(outcome)") }
                #expect(error.contains("statement 2 of the script begins with"))
            }
            let value = try await perform("SELECT :a", ["a": .text("a\0b")], proof, in: fixture)
            guard case .failed(let error) = value else { return #expect(Bool(false), "\(value)") }
            #expect(error.contains("NUL"))
            #expect(try await isUntouched(fixture))
        }
    }

    @Test("whose connection breaks at the commit is looked for on a new one: still there, it is in hand as before")
    func lostCommit() async throws {
        try await withTask { fixture, proof in
            try await fixture.psql(
                """
                CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER die AFTER DELETE ON accounts DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION die();
                """
            )
            let error = try await storeError { try await perform("DELETE FROM accounts", [:], proof, in: fixture) }
            #expect(error?.code == .unreachable)
            #expect(try await isUntouched(fixture))
        }
    }

    @Test("whose commit was not answered is known by its row: gone, taken over, or in hand")
    func fate() async throws {
        try await withTask { fixture, proof in
            let run = ScriptRun(
                settlement: Settlement(proof, .delete),
                timeLimit: .seconds(60),
                interrupt: try WakeUp.opened()
            )
            let session = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .script)
            #expect(try run.fate(in: session) == nil)
            try await fixture.psql("UPDATE tasks SET claim_no = 2")
            #expect(try run.fate(in: session) == .leaseLost)
            try await fixture.psql("DELETE FROM tasks")
            #expect(try run.fate(in: session) == .done)
        }
    }

    @Test("keeps its lease meanwhile: a renewal neither waits for it nor reports it lost")
    func renewal() async throws {
        try await withTask { fixture, proof in
            let other = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
            try other.exchange([.begin, Request(ScriptSQL.settle, [String(proof.id), String(proof.number)])])
            let gone = ClaimProof(id: 99, number: 1)
            #expect(try await fixture.store.renew([gone, proof], lease: .seconds(300), now: nil) == [gone])
            #expect(try await fixture.store.recover(RecoverRequest(isDead: { _ in true })) == [])
            try other.exchange([.commit])
            #expect(try await fixture.store.renew([gone, proof], lease: .seconds(300), now: nil) == [gone, proof])
        }
    }

    @Test("ends soon after its run was killed, so that the task is not held for as long as a statement takes")
    func killed() async throws {
        try await withTask { fixture, proof in
            let address = try PostgreSQLAddress(fixture.url + "&application_name=killed")
            let run = ScriptRun(
                settlement: Settlement(proof, .delete),
                timeLimit: .seconds(600),
                interrupt: try WakeUp.opened()
            )
            let script = try BoundScript(Script(sql: "SELECT 1", values: [:]))
            var session: PostgreSQLSession? = try PostgreSQLSession.open(address, setUp: .script)
            _ = try session.map { try run.perform(script, in: $0) }
            try session?.send("SELECT pg_sleep(600)", within: .seconds(60))
            try await eventually { try await fixture.psql(Self.sleeping("killed")) == "1" }
            session = nil
            try await eventually { try await fixture.psql(Self.sleeping("killed")) == "0" }
        }
    }

    @Test("leaves nothing behind in the connection for the next one")
    func clean() async throws {
        try await withStore { fixture in
            try await fixture.psql("INSERT INTO tasks (task_name) SELECT 'A' FROM generate_series(1, 3)")
            let proofs = try await fixture.claim(3).map(\.proof)
            for proof in proofs {
                let outcome = try await perform(
                    "CREATE TEMPORARY TABLE tasks (id bigint); SET search_path = nowhere; SET statement_timeout = 1",
                    [:],
                    proof,
                    in: fixture
                )
                #expect(outcome == .done)
            }
            #expect(try await fixture.psql("SELECT count(*) FROM tasks") == "0")
        }
    }

    @Test("runs beside others, each on a connection of its own, and the connections are used again")
    func beside() async throws {
        try await withStore { fixture in
            try await fixture.psql("INSERT INTO tasks (task_name) SELECT 'A' FROM generate_series(1, 10)")
            let proofs = try await fixture.claim(10).map(\.proof)
            let store = try PostgreSQLStore(fixture.url + "&application_name=beside")
            let endless = Script(sql: "SELECT pg_sleep(600)", values: [:])
            let call = Task { try await store.perform(endless, settling: proofs[0], timeLimit: .seconds(600)) }
            try await eventually { try await fixture.psql(Self.sleeping("beside")) == "1" }
            for proof in proofs.dropFirst() {
                let script = Script(sql: "SELECT 1", values: [:])
                #expect(try await store.perform(script, settling: proof, timeLimit: .seconds(600)) == .done)
            }
            let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'beside'"
            #expect(try await fixture.psql(sessions) == "2")
            call.cancel()
            #expect(try await call.value != .done)
            await store.close()
        }
    }

    private static func sleeping(_ application: String) -> String {
        """
        SELECT count(*)
        FROM pg_stat_activity
        WHERE application_name = '\(application)' AND wait_event = 'PgSleep'
        """
    }
}
