import Foundation
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

/// On servers of their own: other tests' transactions would be named, too.
@Suite("Who holds the horizon on PostgreSQL")
struct HorizonTests {
    /// A session that has a REPEATABLE READ transaction open until somebody ends it.
    private static let reader = """
        SET application_name = 'slow report';
        BEGIN ISOLATION LEVEL REPEATABLE READ;
        SELECT pg_sleep(3600) FROM tasks RIGHT JOIN (SELECT 1) AS one ON true;
        """

    @Test("is ended by a statement that can be copied where it is a session, and else only named")
    func advice() {
        let session = HorizonHolder.Session(processID: 7, role: nil, application: nil, client: nil, state: nil)
        let ofSession = HorizonHolder(kind: .session(session), hold: nil).advice
        #expect(ofSession == "End it: SELECT pg_terminate_backend(7)")
        #expect(HorizonHolder(kind: .preparedTransaction(name: "x"), hold: nil).advice == nil)
        #expect(HorizonHolder(kind: .replicationSlot(name: "x", isInUse: false), hold: nil).advice == nil)
    }

    @Test("is the session with a transaction open, and nobody when what is advised was done")
    func session() async throws {
        try await withStore(on: try await PostgreSQLServer.start()) { fixture in
            #expect(try await fixture.store.summary().horizon == nil)
            async let reading = try? fixture.psql(Self.reader)
            try await eventually { try await fixture.store.summary().horizon != nil }
            let pid = try await fixture.psql(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'slow report'"
            )
            let holder = try #require(try await fixture.store.summary().horizon)
            #expect(holder.kind == "session" && holder.processID.map { "\($0)" } == pid)
            #expect(holder.role == "postgres" && holder.client == nil)
            #expect(holder.application == "slow report" && holder.state == "active")
            let (start, age) = (try #require(holder.start), try #require(holder.age))
            #expect(age > .zero && age < .seconds(600) && abs(start.timeIntervalSinceNow) < 600)

            let finding = try await fixture.store.findings().first { $0.subject == "transactions" }
            #expect(finding?.level == .ok && finding?.found.contains("session \(pid) ") == true)
            let statement = try #require(holder.advice?.split(separator: ": ").last)
            try await fixture.psql(String(statement))
            #expect(await reading == nil)
            #expect(try await fixture.store.summary().horizon == nil)
            #expect(
                try await fixture.store.findings().first { $0.subject == "transactions" }
                    == Finding(.ok, "transactions", "none is open for long")
            )
        }
    }

    @Test("is a prepared transaction that nobody ends; but no session that this role may not see")
    func prepared() async throws {
        let server = try await PostgreSQLServer.start(settings: ["max_prepared_transactions = 2"])
        try await withStore(on: server) { fixture in
            let schema = try #require(fixture.url.split(separator: "%3D").last)
            try await fixture.psql(
                """
                CREATE ROLE reader LOGIN;
                GRANT USAGE ON SCHEMA \(schema) TO reader;
                GRANT SELECT ON ALL TABLES IN SCHEMA \(schema) TO reader;
                """
            )
            async let reading = try? fixture.psql(Self.reader)
            try await eventually { try await fixture.store.summary().horizon != nil }
            let restricted = try PostgreSQLStore(fixture.url.replacing("postgres@/", with: "reader@/"))
            #expect(try await restricted.summary().horizon == nil)
            await restricted.close()
            let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'slow report'"
            try await fixture.psql(ended)
            #expect(await reading == nil)

            try await fixture.psql("BEGIN; INSERT INTO tasks (task_name) VALUES ('A'); PREPARE TRANSACTION 'it''s'")
            let holder = try #require(try await fixture.store.summary().horizon)
            #expect(holder.kind == "prepared_transaction" && holder.name == "it's" && holder.start != nil)
            try await fixture.psql("ROLLBACK PREPARED 'it''s'")
            #expect(try await fixture.store.summary().horizon == nil)
        }
    }
}
