import Foundation
import TestSupport
import Testing

/// A place where handlers write a log, for tests that look at who was performed when and how often.
extension Scratch {
    static func working(
        _ database: Database,
        server: PostgreSQLServer? = nil,
        _ body: (Scratch) async throws -> Void
    ) async throws {
        try await with(database, server: server) { place in
            let log = place.folder.appending(path: "log").path
            try await body(place.setting(["LOG": log, "TASKRUN_ENVIRONMENT": "LOG"]))
        }
    }

    var log: URL { folder.appending(path: "log") }

    /// The lines that handlers have written so far.
    func lines() -> [String] {
        ((try? String(contentsOf: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    func start(_ arguments: String...) throws -> Call { try start(arguments) }

    /// Runs another program than taskrun, in the same place.
    func other(_ words: String...) async throws -> Answer {
        try await Call(words, environment: environment, folder: folder).answer()
    }

    /// Adds many tasks in one statement.
    func add(_ count: Int, name: String = "WORK", columns: String = "", values: String = "") async throws {
        let more = (columns.isEmpty ? "" : ", \(columns)", values.isEmpty ? "" : ", \(values)")
        try await sql(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
            INSERT INTO tasks (task_name\(more.0)) SELECT '\(name)'\(more.1) FROM n
            """
        )
    }

    /// Runs until nothing is left.
    func drain() async throws {
        try await eventually("the table does not become empty") {
            let end = try await taskrun("once", "--drain", "--concurrency", "4")
            #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
            return try await sql("SELECT count(*) FROM tasks") == ["0"]
        }
    }
}
