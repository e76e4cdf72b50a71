import Foundation
import GRDB
import PostgreSQLStore
import SQLiteStore
import TaskRun
import TestSupport
import Testing

/// The stores that the conformance suite runs on.
enum StoreUnderTest: String, CaseIterable, CustomTestStringConvertible {
    case sqlite = "SQLite"
    case postgresql = "PostgreSQL"

    var testDescription: String { rawValue }
}

/// A fresh database with tables, a store on it, and a second way in: plain SQL, as any program would.
struct Fixture: Sendable {
    /// Plain SQL from outside.
    private enum Outside {
        case sqlite(DatabaseQueue)
        case postgresql(PostgreSQLServer, url: String)
    }

    let kind: StoreUnderTest
    let store: any TaskDatabase
    private let outside: Outside

    static func with(
        _ kind: StoreUnderTest,
        migrated: Bool = true,
        _ body: (Fixture) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let fixture: Fixture
        switch kind {
        case .sqlite:
            let path = folder.appendingPathComponent("tasks.db").path
            let store = try SQLiteStore(path: path, opening: .creating)
            var configuration = Configuration()
            configuration.busyMode = .timeout(30)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            fixture = Fixture(kind: kind, store: store, outside: .sqlite(queue))
        case .postgresql:
            let server = try await PostgreSQLServer.shared()
            let url = try await server.makeDatabase()
            fixture = Fixture(kind: kind, store: try PostgreSQLStore(url), outside: .postgresql(server, url: url))
        }
        if migrated { _ = try await fixture.store.migrate() }
        try await body(fixture)
        await fixture.store.close()
    }

    /// One more store on the same database, as another run would have.
    func anotherStore(history: HistoryRetention = HistoryRetention()) throws -> any TaskDatabase {
        switch outside {
        case .sqlite(let queue): try SQLiteStore(path: queue.path, history: history)
        case .postgresql(_, let url): try PostgreSQLStore(url, history: history)
        }
    }

    /// Runs SQL from outside.
    func sql(_ text: String) async throws {
        switch outside {
        case .sqlite(let queue): try await queue.write { try $0.execute(sql: text) }
        case .postgresql(let server, let url): try await server.psql(text, on: url)
        }
    }

    /// The first row, as text; nil for no row, and for one empty column.
    func value(_ query: String) async throws -> String? {
        try await rows(query).first.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// All rows, columns joined by `|`.
    func rows(_ query: String) async throws -> [String] {
        switch outside {
        case .sqlite(let queue):
            try await queue.read { database in
                try Row.fetchAll(database, sql: query).map { row in
                    row.databaseValues.map { $0.text ?? "" }.joined(separator: "|")
                }
            }
        case .postgresql(let server, let url):
            try await server.psql(query, on: url).split(separator: "\n").map(String.init)
        }
    }

    /// Makes the database refuse to let one row go, as a trigger of the application might.
    func refuse(deletionOf id: Int64) async throws {
        switch kind {
        case .sqlite:
            try await sql(
                "CREATE TRIGGER keep BEFORE DELETE ON tasks WHEN OLD.id = \(id) BEGIN SELECT RAISE(ABORT, 'kept'); END"
            )
        case .postgresql:
            try await sql(
                """
                CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$;
                CREATE TRIGGER keep BEFORE DELETE ON tasks FOR EACH ROW WHEN (OLD.id = \(id)) EXECUTE FUNCTION keep();
                """
            )
        }
    }
}

extension DatabaseValue {
    fileprivate var text: String? {
        switch storage {
        case .null: nil
        case .int64(let value): String(value)
        case .double(let value): String(value)
        case .string(let value): value
        case .blob(let value): String(decoding: value, as: UTF8.self)
        }
    }
}

extension Fixture {
    /// Moments for tests: `.at("2030-01-01 00:00:00")`.
    static let start = Date(timeIntervalSince1970: 1_893_456_000)

    /// The SQL of a moment, for a column.
    static func moment(_ date: Date) -> String {
        let style = Date.ISO8601FormatStyle(timeZone: .gmt).year().month().day().dateTimeSeparator(.space).time(
            includingFractionalSeconds: true
        )
        return "'\(date.formatted(style))+00:00'"
    }

    func claim(
        _ names: [String] = ["A"],
        queues: QueueFilter? = nil,
        limit: Int = 10,
        crashed: Int = 10,
        owner: String = "me",
        lease: Duration = .seconds(300),
        now: Date = start
    ) async throws -> [ClaimedTask] {
        let share = ClaimRequest.Share.usual(limit: limit, crashed: crashed)
        let request = ClaimRequest(owner: owner, names: names, queues: queues, share: share, lease: lease)
        return try await store.claim(request, now: now)
    }

    /// Expects a query's first value.
    func expect(_ query: String, _ expected: String?, at place: SourceLocation = #_sourceLocation) async throws {
        let found = try await value(query)
        #expect(found == expected, sourceLocation: place)
    }

    /// Adds rows that are due at `start`.
    func add(_ count: Int = 1, name: String = "A", columns: String = "", values: String = "") async throws {
        let run = Self.moment(Self.start.addingTimeInterval(-10))
        for _ in 0..<count {
            try await sql(
                "INSERT INTO tasks (task_name, run_at, created_at\(columns.isEmpty ? "" : ", " + columns)) "
                    + "VALUES ('\(name)', \(run), \(run)\(values.isEmpty ? "" : ", " + values))"
            )
        }
    }
}
