import Foundation
import GRDB
import SQLiteStore
import TaskRun
import Testing

/// The stores that the conformance suite runs on.
enum StoreUnderTest: String, CaseIterable, CustomTestStringConvertible {
    case sqlite = "SQLite"

    var testDescription: String { rawValue }
}

/// A fresh database with tables, a store on it, and a second way in: plain SQL, as any program would.
struct Fixture: Sendable {
    let kind: StoreUnderTest
    let store: any TaskDesk
    private let outside: DatabaseQueue

    static func with(
        _ kind: StoreUnderTest,
        migrated: Bool = true,
        _ body: (Fixture) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("tasks.db").path
        let store = try SQLiteStore(path: path, opening: .creating)
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        let fixture = Fixture(
            kind: kind,
            store: store,
            outside: try DatabaseQueue(path: path, configuration: configuration)
        )
        if migrated { _ = try await store.migrate() }
        try await body(fixture)
        await store.close()
    }

    /// One more store on the same database, as another run would have.
    func anotherStore() throws -> any TaskDesk { try SQLiteStore(path: outside.path) }

    /// Runs SQL from outside.
    func sql(_ text: String) async throws {
        try await outside.write { try $0.execute(sql: text) }
    }

    /// The first column of the first row, as text; nil for NULL or no row.
    func value(_ query: String) async throws -> String? {
        try await outside.read { try Row.fetchOne($0, sql: query).flatMap { row in (row[0] as DatabaseValue).text } }
    }

    /// All rows, columns joined by `|`.
    func rows(_ query: String) async throws -> [String] {
        try await outside.read { database in
            try Row.fetchAll(database, sql: query).map { row in
                row.databaseValues.map { $0.text ?? "" }.joined(separator: "|")
            }
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
        queues: [String]? = nil,
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

    /// Makes the database refuse to let one row go, as a trigger of the application might.
    func refuse(deletionOf id: Int64) async throws {
        try await sql(
            "CREATE TRIGGER keep BEFORE DELETE ON tasks WHEN OLD.id = \(id) BEGIN SELECT RAISE(ABORT, 'kept'); END"
        )
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
