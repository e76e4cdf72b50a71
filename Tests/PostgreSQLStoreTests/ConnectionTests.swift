import Foundation
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

@Suite("A connection")
struct ConnectionTests {
    @Test("to a port where nobody listens is unreachable, and the error says where")
    func refused() async throws {
        let store = try PostgreSQLStore("postgresql://u:secret@127.0.0.1:1/app")
        let error = try #require(try await storeError { try await store.requireSchema() })
        #expect(error.code == .unreachable)
        #expect(error.subject == "cannot use the tables in postgresql://127.0.0.1:1/app")
        #expect(error.cause.contains("refused") && !error.description.contains("secret"))
        #expect(error.advice != nil && error.isPassing)
    }

    @Test("to an unknown host is unreachable")
    func unknownHost() async throws {
        let store = try PostgreSQLStore("postgresql://u@host.invalid/app")
        #expect(try await storeError { try await store.requireSchema() }?.code == .unreachable)
    }

    @Test("to a server that accepts and then says nothing ends with the connect timeout")
    func silent() async throws {
        let listener = try SilentListener()
        let store = try PostgreSQLStore(
            "postgresql://u@127.0.0.1:\(listener.port)/app?connect_timeout=2&sslmode=disable"
        )
        let error = try await storeError { try await store.requireSchema() }
        #expect(error?.code == .unreachable)
    }

    @Test("with a wrong password, or without one, is a matter of the settings")
    func password() async throws {
        let server = try await PostgreSQLServer.shared()
        try await server.psql("DROP ROLE IF EXISTS needs_password; CREATE ROLE needs_password LOGIN PASSWORD 'right'")
        for password in [":wrong", ""] {
            let store = try PostgreSQLStore("postgresql://needs_password\(password)@127.0.0.1:\(server.port)/postgres")
            let error = try #require(try await storeError { try await store.requireSchema() })
            #expect(error.code == .database, "\(error)")
            #expect(error.cause.contains("28P01") && error.advice?.contains("PGPASSWORD") == true)
        }
        let store = try PostgreSQLStore("postgresql://needs_password:right@127.0.0.1:\(server.port)/postgres")
        #expect(try await storeError { try await store.requireSchema() }?.code == .schema)
    }

    @Test(
        "to a database or user that does not exist is a matter of the settings",
        arguments: ["nobody@/postgres", "postgres@/nothing"]
    )
    func missing(_ place: String) async throws {
        let server = try await PostgreSQLServer.shared()
        let store = try PostgreSQLStore("postgresql://\(place)?host=\(server.folder.path)&port=\(server.port)")
        #expect(try await storeError { try await store.requireSchema() }?.code == .database)
    }

    @Test("for which the server has no place is unreachable: it may have one later")
    func crowded() async throws {
        let server = try await PostgreSQLServer.shared()
        try await server.psql("DROP ROLE IF EXISTS crowded; CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
        let store = try PostgreSQLStore("postgresql://crowded@/postgres?host=\(server.folder.path)&port=\(server.port)")
        let error = try #require(try await storeError { try await store.requireSchema() })
        #expect(error.code == .unreachable && error.cause.contains("53300"), "\(error)")
    }

    @Test("that the server ended while nothing was under way is opened again unseen")
    func endedIdle() async throws {
        try await withStore { fixture in
            let store = try PostgreSQLStore(fixture.url + "&application_name=ended_idle")
            try await store.requireSchema()
            #expect(try await fixture.psql(Self.end("ended_idle")) == "1")
            try await store.requireSchema()
        }
    }

    @Test("that breaks fails the call it was used for, and the next call opens a new one")
    func endedBusy() async throws {
        try await withStore { fixture in
            let store = try PostgreSQLStore(fixture.url + "&application_name=ended_busy")
            _ = try await store.add([NewTask(name: "A")])
            let task = try #require(try await store.claim(.of(1)).first)
            async let error = storeError {
                try await store.perform(
                    Script(sql: "SELECT pg_sleep(600)", values: [:]),
                    settling: task.proof,
                    timeLimit: .seconds(600)
                )
            }
            let isSleeping = """
                SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ended_busy' AND wait_event = 'PgSleep'
                """
            try await eventually { try await fixture.psql(isSleeping) == "1" }
            #expect(try await fixture.psql(Self.end("ended_busy")) == "2")
            #expect(try await error?.code == .unreachable)
            let script = Script(sql: "SELECT 1", values: [:])
            #expect(try await store.perform(script, settling: task.proof, timeLimit: .seconds(60)) == .done)
        }
    }

    @Test(
        "whose server goes down and comes back serves again",
        arguments: [PostgreSQLServer.StopMode.fast, .immediate]
    )
    func restart(_ mode: PostgreSQLServer.StopMode) async throws {
        let server = try await PostgreSQLServer.start()
        try await withStore(on: server) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A")])
            let task = try #require(try await fixture.claim(1).first)
            try await server.stop(mode)
            #expect(
                try await storeError { try await fixture.store.settle([Settlement(task.proof, .delete)]) }?.code
                    == .unreachable
            )
            try await server.start()
            #expect(try await fixture.store.settle([Settlement(task.proof, .delete)]) == [.settled])
        }
        try await server.stop()
    }

    @Test("on which an answer does not come in time asks the server to stop, and can be used again")
    func slowAnswer() async throws {
        let server = try await PostgreSQLServer.shared()
        let session = try PostgreSQLSession.open(try PostgreSQLAddress(server.superuserURL), setUp: .none)
        let failure = #expect(throws: PostgreSQLFailure.self) {
            try session.exchange([Request(Statement(once: "SELECT pg_sleep(600)"))], within: .milliseconds(200))
        }
        #expect(failure?.code == .locked && failure?.state == "57014")
        #expect(try session.rows(of: Request(Statement(once: "SELECT 1"))).count == 1)
    }

    @Test("on which nothing comes at all is given up")
    func noAnswer() async throws {
        let server = try await PostgreSQLServer.shared()
        let session = try PostgreSQLSession.open(try PostgreSQLAddress(server.superuserURL), setUp: .none)
        let process = pid_t(try session.rows(of: Request(SessionSQL.processNumber)).only.integer("pid"))
        kill(process, SIGSTOP)
        defer { kill(process, SIGCONT) }
        let failure = #expect(throws: PostgreSQLFailure.self) {
            try session.exchange([Request(Statement(once: "SELECT 1"))], within: .milliseconds(200))
        }
        #expect(failure?.code == .unreachable)
        #expect(!session.isUsable())
    }

    @Test("whose tables change prepares its statements anew, in and out of a transaction")
    func stalePlan() async throws {
        let server = try await PostgreSQLServer.shared()
        let url = try await server.makeDatabase()
        let session = try PostgreSQLSession.open(try PostgreSQLAddress(url), setUp: .store)
        let read = Request(Statement("read", "SELECT * FROM t"))
        try await server.psql("CREATE TABLE t (n integer)", on: url)
        try session.exchange([read])
        try await server.psql("ALTER TABLE t ALTER COLUMN n TYPE text", on: url)
        try session.exchange([read])
        try await server.psql("ALTER TABLE t ALTER COLUMN n TYPE bigint USING 1", on: url)
        try session.exchange([.begin, read, .commit])
        try await server.psql("ALTER TABLE t ALTER COLUMN n TYPE text", on: url)
        try session.exchange([.begin])
        let failure = #expect(throws: PostgreSQLFailure.self) { try session.exchange([read]) }
        // What was done before in the transaction cannot be done again here: the next session does.
        #expect(failure?.code == .unavailable && !session.isUsable())
        let other = try PostgreSQLSession.open(try PostgreSQLAddress(url), setUp: .store)
        try other.exchange([read])
        try other.execute("DEALLOCATE read", within: .seconds(15))
        try other.exchange([read])
        #expect(other.link == .pooled)
    }

    @Test("fails with the first failure of an exchange, undoes the others, and can be used again")
    func exchange() async throws {
        let server = try await PostgreSQLServer.shared()
        let session = try PostgreSQLSession.open(
            try PostgreSQLAddress(try await server.makeDatabase()),
            setUp: .none
        )
        try session.execute("CREATE TABLE t (n integer UNIQUE)", within: .seconds(15))
        let insert = Statement("insert", "INSERT INTO t VALUES ($1::integer)")
        for _ in 1...2 {
            let failure = #expect(throws: PostgreSQLFailure.self) {
                try session.exchange([
                    Request(insert, ["1"]), Request(insert, ["1"]), Request(Statement("never", "SELECT x")),
                ])
            }
            #expect(failure?.state == "23505")
        }
        let count = Statement("count", "SELECT count(*) AS rows FROM t")
        let answers = try session.exchange([Request(insert, [nil]), Request(count)])
        #expect(answers[count].map { $0.integer("rows") } == [1])
    }

    @Test("takes values and gives rows larger than any buffer")
    func large() async throws {
        try await withStore { fixture in
            let data = "\"" + String(repeating: "0123456789", count: 1_000_000) + "\""
            let ids = try await fixture.store.add(Array(repeating: NewTask(name: "A", data: data), count: 3))
            // A claim brings no more than fits into memory.
            let tasks = try await fixture.claim(10) + fixture.claim(10)
            #expect(tasks.map(\.id) == ids)
            #expect(tasks.allSatisfy { $0.data == Array(data.utf8) })
        }
    }

    @Test("waits for a lock no longer than the server is told to, and says that trying again helps")
    func locked() async throws {
        try await withStore { fixture in
            _ = try await fixture.store.add([NewTask(name: "A")])
            let task = try #require(try await fixture.claim(1).first)
            let other = try PostgreSQLSession.open(try PostgreSQLAddress(fixture.url), setUp: .none)
            try other.exchange([.begin, Request(Statement(once: "SELECT FROM tasks FOR UPDATE"))])
            let hurried = try PostgreSQLStore(fixture.url + "%20-clock_timeout%3D100")
            let error = try #require(
                try await storeError { try await hurried.settle([Settlement(task.proof, .delete)]) }
            )
            #expect(error.code == .held && error.cause.contains("55P03"), "\(error)")
            try other.exchange([.rollback])
            #expect(try await hurried.settle([Settlement(task.proof, .delete)]) == [.settled])
        }
    }

    @Test("that may only read is tried again: the server may be in the midst of a switch-over")
    func readOnly() async throws {
        try await withStore { fixture in
            let store = try PostgreSQLStore(fixture.url + "%20-cdefault_transaction_read_only%3Don")
            #expect(try await storeError { try await store.add([NewTask(name: "A")]) }?.code == .unavailable)
            #expect(try await store.findings().contains { $0.subject == "access" && $0.level == .error })
        }
    }

    @Test(
        "whose answer cannot be read is given up, and the next call has a new one",
        arguments: [
            "SELECT 'x' AS n", "SELECT NULL AS n", "SELECT '' AS n WHERE false", "SELECT 99999999999999999999 AS n",
            "SELECT 1 AS m",
        ]
    )
    func unreadable(_ sql: String) async throws {
        try await withStore { fixture in
            let error = try await storeError {
                _ = try await fixture.store.reach(to: "read") { session in
                    let number = try session.rows(of: Request(Statement(once: sql))).only.integer("n")
                    // Nothing more is sent by then.
                    try session.exchange([Request(Statement(once: "INSERT INTO tasks (task_name) VALUES ('A')"))])
                    return number
                }
            }
            #expect(
                error?.code == .unreachable && error?.cause.contains("cannot be read") == true,
                "\(String(describing: error))"
            )
            try await fixture.store.requireSchema()
            #expect(try await fixture.psql("SELECT count(*) FROM tasks") == "0")
        }
    }

    @Test("leaves the user's own settings alone but for those that the store counts on")
    func settings() async throws {
        let server = try await PostgreSQLServer.shared()
        let options = "-csearch_path%3Dnowhere%20-cstandard_conforming_strings%3Doff%20-cstatement_timeout%3D300000"
        let session = try PostgreSQLSession.open(
            try PostgreSQLAddress(server.superuserURL + "&options=\(options)&client_encoding=LATIN1"),
            setUp: .store
        )
        func setting(_ name: String) throws -> String {
            let look = Request(Statement(once: "SELECT current_setting($1) AS value"), [name])
            return try session.rows(of: look).only.text("value")
        }
        #expect(try setting("search_path") == "\"\"")
        #expect(try setting("standard_conforming_strings") == "on")
        #expect(try setting("statement_timeout") == "10s")
        #expect(try setting("client_encoding") == "UTF8")
        #expect(try setting("application_name") == "taskrun")
    }

    @Test("of a closed store is not opened again")
    func closed() async throws {
        try await withStore { fixture in
            await fixture.store.close()
            #expect(try await storeError { try await fixture.store.requireSchema() }?.code == .other)
            let script = Script(sql: "SELECT 1", values: [:])
            let proof = ClaimProof(id: 1, number: 1)
            let error = try await storeError {
                try await fixture.store.perform(script, settling: proof, timeLimit: .seconds(1))
            }
            #expect(error?.code == .other)
        }
    }

    /// Ends the sessions of an application, and says how many.
    private static func end(_ application: String) -> String {
        """
        SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity WHERE application_name = '\(application)'
        """
    }
}
