import TaskRun
import Testing

@testable import PostgreSQLStore

@Suite("A PostgreSQL address")
struct AddressTests {
    @Test(
        "is shown with host, port and database, never with a password",
        arguments: [
            ("postgres://u:secret@db1:5433/app", "postgresql://db1:5433/app"),
            ("postgresql://u:secret@db1,db2:5433/app?sslmode=require", "postgresql://db1:5432,db2:5433/app"),
            ("postgresql://u:secret@db1,db2/app?port=5433", "postgresql://db1:5433,db2:5433/app"),
            ("postgresql://u:secret@[::1]:5433/app", "postgresql://[::1]:5433/app"),
            ("host=db1 port=5433 dbname=app password=secret", "postgresql://db1:5433/app"),
            ("postgresql:///app?host=/run/pg&port=5433&password=secret", "postgresql:///app?host=/run/pg&port=5433"),
            ("service=tasks password=secret", "postgresql:///?service=tasks"),
            ("postgresql://u:secret@db1:5433", "postgresql://db1:5433/u"),
        ]
    )
    func location(_ address: String, _ location: String) throws {
        #expect(try PostgreSQLStore(address).location == location)
    }

    @Test(
        "that libpq cannot read is refused without quoting it",
        arguments: ["postgres://u:pa%ss@h/d", "nonsense", "a=b"]
    )
    func unreadable(_ address: String) throws {
        let error = #expect(throws: StoreError.self) { try PostgreSQLStore(address) }
        #expect(error?.code == .database)
        #expect(error?.description.contains("pa%ss") == false)
        #expect(error?.description.contains("postgresql://user@host:5432/database") == true)
    }

    @Test("is handed to libpq after the defaults and before what must be")
    func parameters() throws {
        let keywords = try PostgreSQLAddress("postgresql://h/d").parameters.map(\.keyword)
        #expect(keywords.first == "fallback_application_name")
        #expect(keywords.suffix(2) == ["dbname", "client_encoding"])
        #expect(keywords.contains("connect_timeout"))
    }
}

@Suite("What the server says")
struct FailureTests {
    @Test(
        "becomes a code to decide by",
        arguments: [
            ("08006", .unreachable), ("57P01", .unreachable), ("57P03", .unavailable), ("53300", .unreachable),
            ("25P03", .unreachable), ("55P03", .locked), ("57014", .locked), ("40001", .locked), ("40P01", .locked),
            ("42P01", .schema), ("42703", .schema), ("23505", .refused), ("22P02", .refused), ("42804", .refused),
            ("P0001", .refused), ("53100", .full), ("28P01", .database), ("3D000", .database), ("25006", .unavailable),
            ("42501", .database), ("XX001", .database), ("42601", .other), ("26000", .unavailable),
        ] as [(String, StoreError.Code)]
    )
    func code(_ state: String, _ code: StoreError.Code) {
        let failure = PostgreSQLFailure(state: state, message: "why\n")
        let error = failure.storeError(subject: "cannot x in y")
        #expect(error.code == code)
        #expect(error.cause == "why (SQLSTATE \(state))")
    }

    @Test("about a failed connection is read from its last word")
    func state() {
        #expect(ConnectionRefusal.state(in: "connection to server at \"h\" failed: FATAL:  28P01\n") == "28P01")
        #expect(ConnectionRefusal.state(in: "could not translate host name \"x\": Name or service not known") == nil)
        #expect(ConnectionRefusal.state(in: "") == nil)
    }
}
