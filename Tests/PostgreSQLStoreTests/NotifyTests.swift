import Foundation
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

@Suite("The notify triggers")
struct NotifyTests {
    @Test("tell of inserts and of rows brought forward, once a statement or row, and of nothing a run does itself")
    func told() async throws {
        try await withStore { fixture in
            #expect(try await fixture.store.setNotify(true))
            let listener = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
            #expect(try listener.listen())
            func messages() throws -> Int {
                _ = try listener.exchange([Request(Statement(once: "SELECT 1"))])
                return listener.forgetMessages()
            }
            try await fixture.psql("INSERT INTO tasks (task_name) SELECT 'A' FROM generate_series(1, 1000)")
            #expect(try messages() == 1)
            let tasks = try await fixture.claim(3)
            #expect(try await fixture.store.renew(tasks.map(\.proof), lease: .seconds(300), now: nil) == [])
            let verdicts: [Verdict] = [.delete, .retry(after: .seconds(15), error: "x"), .fail(error: "x")]
            _ = try await fixture.store.settle(zip(tasks, verdicts).map { Settlement($0.proof, $1) })
            #expect(try messages() == 0)
            try await fixture.psql("UPDATE tasks SET run_at = now() + interval '1 hour'")
            #expect(try messages() == 0)
            try await fixture.psql("UPDATE tasks SET run_at = now() WHERE status = 'WAITING'")
            #expect(try messages() == 1)
            _ = try await fixture.store.retry(.all)
            #expect(try messages() == 1)
        }
    }

    @Test("of one schema wake no run of another")
    func channels() async throws {
        try await withStore { one in
            try await withStore { other in
                for fixture in [one, other] { #expect(try await fixture.store.setNotify(true)) }
                let listener = try PostgreSQLSession.open(try PostgreSQLAddress(one.url), setUp: .none)
                #expect(try listener.listen())
                try await other.psql("INSERT INTO tasks (task_name) VALUES ('A')")
                _ = try listener.exchange([Request(Statement(once: "SELECT 1"))])
                #expect(listener.forgetMessages() == 0)
            }
        }
    }

    @Test("may be used by a role that may only insert")
    func rights() async throws {
        try await withStore { fixture in
            #expect(try await fixture.store.setNotify(true))
            #expect(try await !fixture.store.setNotify(true))
            let schema = try await fixture.psql("SELECT current_schema()")
            try await fixture.psql(
                """
                CREATE ROLE inserter_\(schema);
                GRANT USAGE ON SCHEMA \(schema) TO inserter_\(schema);
                GRANT INSERT ON tasks TO inserter_\(schema);
                SET ROLE inserter_\(schema);
                INSERT INTO tasks (task_name) VALUES ('A')
                """
            )
            #expect(try await fixture.store.setNotify(false))
            #expect(try await fixture.store.notifies() == false)
        }
    }
}
