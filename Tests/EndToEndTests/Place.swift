import Foundation
import TestSupport
import Testing

/// The databases that the end-to-end tests run on.
enum DatabaseKind: String, CaseIterable, CustomTestStringConvertible {
    case sqlite = "SQLite"
    case postgresql = "PostgreSQL"
    var testDescription: String { rawValue }
}

/// A folder of its own with a fresh database, a handlers folder, and a log that handlers write to.
struct Place: Sendable {
    let folder: URL
    let address: String
    var more: [String: String] = [:]

    static func with(
        _ kind: DatabaseKind,
        server: PostgreSQLServer? = nil,
        _ body: (Place) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("handlers"),
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        let address: String
        switch kind {
        case .sqlite: address = "sqlite:\(folder.path)/tasks.db"
        case .postgresql:
            var host = server
            if host == nil { host = try await PostgreSQLServer.shared() }
            address = try await #require(host).makeDatabase()
        }
        let place = Place(folder: folder, address: address)
        #expect(try await place.run("migrate").status == 0)
        try await body(place)
    }

    private var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TASKRUN_") }
        environment["TASKRUN_DATABASE"] = address
        // Places for handlers are counted over all runs of the host: each test has a host of its own.
        environment["TASKRUN_RUNTIME_DIRECTORY"] = folder.appendingPathComponent("runtime").path
        environment["LOG"] = log.path
        environment["TASKRUN_ENVIRONMENT"] = "LOG"
        return environment.merging(more) { $1 }
    }

    func start(_ arguments: String...) throws -> Program.Call {
        try Program.Call(Program.path, arguments, environment: environment, folder: folder)
    }

    func run(_ arguments: String...) async throws -> Program.End {
        try await Program.Call(Program.path, arguments, environment: environment, folder: folder).end()
    }

    /// Another program than taskrun, with the same environment.
    func other(_ executable: String, _ arguments: String...) async throws -> Program.End {
        try await Program.Call("/usr/bin/env", [executable] + arguments, environment: environment, folder: folder).end()
    }

    func handler(_ name: String, _ text: String) throws {
        let file = folder.appendingPathComponent("handlers/\(name)")
        try text.write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }

    var log: URL { folder.appendingPathComponent("log") }

    /// The lines that handlers have written so far.
    func lines() -> [String] {
        ((try? String(contentsOf: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    /// Runs SQL as any other program would, by the database's own shell; rows come back with columns joined by `|`.
    @discardableResult
    func sql(_ text: String) async throws -> [String] {
        let end =
            address.hasPrefix("sqlite:")
            ? try await other("sqlite3", "-cmd", ".timeout 60000", String(address.dropFirst("sqlite:".count)), text)
            : try await other("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", address, "-c", text)
        #expect(end.status == 0, "\(text)\n\(end.errors)")
        return end.output.split(separator: "\n").map(String.init)
    }

    /// Adds tasks with the numbers `first ... last` in one statement.
    func add(_ count: Int, name: String = "WORK", columns: String = "", values: String = "") async throws {
        let more = (columns.isEmpty ? "" : ", \(columns)", values.isEmpty ? "" : ", \(values)")
        try await sql(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
            INSERT INTO tasks (task_name\(more.0)) SELECT '\(name)'\(more.1) FROM n
            """
        )
    }
}

/// Waits until a condition holds; a generous limit turns a hanging test into a failing one.
func eventually(
    _ comment: Comment,
    at place: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now.advanced(by: .seconds(120))
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(comment, sourceLocation: place)
}
