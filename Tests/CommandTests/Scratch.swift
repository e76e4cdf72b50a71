import Foundation
import TestSupport
import Testing

/// A folder with a database, a handlers folder and a runtime directory of its own, and the built binary run in it.
struct Scratch: Sendable {
    /// The folder, which is the binary's working directory.
    let folder: URL
    /// Variables besides PATH and HOME.
    var variables: [String: String]
    /// The database's own address, where the binary goes through a pooler.
    var direct: String?

    /// The databases that what is the same on both is tested on.
    enum Database: String, CaseIterable, CustomTestStringConvertible {
        case sqlite = "SQLite"
        case postgresql = "PostgreSQL"
        case transactions = "PostgreSQL behind PgBouncer in transaction mode"
        case sessions = "PostgreSQL behind PgBouncer in session mode"
        var testDescription: String { rawValue }

        /// Those that each test is for.
        static let allCases: [Database] = [.sqlite, .postgresql]
        /// With those that tests of all kinds of statements are for as well.
        static let withPoolers = allCases + poolers
        static let poolers: [Database] = [.transactions, .sessions]

        /// What stands before the server; `TASKRUN_TEST_POOLER` (transaction or session) puts it before each.
        var pooler: PgBouncer.Mode? {
            switch self {
            case .sqlite: nil
            case .postgresql:
                ProcessInfo.processInfo.environment["TASKRUN_TEST_POOLER"].flatMap { PgBouncer.Mode(rawValue: $0) }
            case .transactions: .transaction
            case .sessions: .session
            }
        }
    }

    /// Makes a folder, with tables unless they are not wanted, and removes it afterwards.
    ///
    /// On SQLite the tables are in the default place, `tasks.db`.
    static func with(
        _ database: Database = .sqlite,
        tables: Bool = true,
        server: PostgreSQLServer? = nil,
        _ body: (Scratch) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "taskrun-command-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Places for handlers are counted over all runs of a user: each test has a host of its own.
        var variables = ["TASKRUN_RUNTIME_DIRECTORY": folder.appending(path: "runtime").path]
        var direct: String?
        if database != .sqlite {
            var host = server
            if host == nil { host = try await PostgreSQLServer.shared() }
            direct = try await host?.makeDatabase()
            variables["TASKRUN_DATABASE"] = direct
            if let mode = database.pooler, let url = direct, server == nil {
                variables["TASKRUN_DATABASE"] = try await PgBouncer.shared(mode).url(url)
            }
        }
        let scratch = Scratch(folder: folder, variables: variables, direct: direct)
        if tables { try #require(try await scratch.taskrun("migrate").status == 0) }
        try await body(scratch)
    }

    /// The same place with other variables.
    func setting(_ more: [String: String]) -> Scratch {
        let direct = more["TASKRUN_DATABASE"] ?? direct
        return Scratch(folder: folder, variables: variables.merging(more) { $1 }, direct: direct)
    }

    /// Runs `taskrun` to its end.
    func taskrun(_ arguments: String..., input: String = "") async throws -> Answer {
        try await start(arguments, input: input).answer()
    }

    /// Starts `taskrun`.
    func start(_ arguments: [String], input: String = "") throws -> Call {
        try Call([Self.binary] + arguments, environment: environment, folder: folder, input: input)
    }

    /// Runs SQL with the database's own shell, as any other program would; one line a row, columns joined by `|`.
    @discardableResult
    func sql(_ text: String) async throws -> [String] {
        let words =
            (direct ?? variables["TASKRUN_DATABASE"]).map {
                ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", $0, "-c", text]
            }
            ?? ["sqlite3", "-cmd", ".timeout 60000", "tasks.db", text]
        let answer = try await Call(words, environment: environment, folder: folder).answer()
        try #require(answer.status == 0, "\(answer.errors)")
        return answer.lines
    }

    /// The environment that the binary gets.
    var environment: [String: String] {
        let own = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME"].contains($0.key) }
        return own.merging(variables) { $1 }
    }

    /// Writes a file below the folder.
    func write(_ text: String, to path: String, mode: Int = 0o644) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try TestSupport.write(Data(text.utf8), toProgram: file.path, mode: mode)
    }

    /// Writes a shell script into the handlers folder.
    func handler(_ name: String, _ script: String) throws {
        try write("#!/bin/sh\n\(script)\n", to: "handlers/\(name)", mode: 0o755)
    }

    /// Whether something is there.
    func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: folder.appending(path: path).path) }

    /// The binary that was built with the tests.
    static let binary: String = {
        let bundle = Bundle.main.bundleURL
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let places = [
            bundle, bundle.deletingLastPathComponent(),
            URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent(), root.appending(path: ".build/debug"),
        ]
        return places.map { $0.appending(path: "taskrun").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "taskrun"
    }()
}

/// What a program answered.
struct Answer: Sendable {
    /// The exit code; a signal's number plus 128 for a program that was killed.
    let status: Int32
    /// stdout.
    let output: String
    /// stderr.
    let errors: String

    /// The lines of stdout.
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// The JSON objects on stdout, one a line.
    func objects() throws -> [[String: Any]] {
        try lines.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }
}

/// Waits until a condition holds; the generous limit turns a test that would hang into one that fails.
func eventually(_ comment: Comment, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now.advanced(by: .seconds(300))
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(comment)
}

extension Scratch {
    /// The same with a PostgreSQL database of its own, for tests that look at all of its schemas or sessions.
    ///
    /// ``with(_:tables:server:_:)`` gives a schema in a database that many tests share, which takes much less time.
    static func alone(
        _ database: Database,
        tables: Bool = true,
        _ body: (Scratch) async throws -> Void
    ) async throws {
        try await with(database, tables: tables && database == .sqlite) { scratch async throws in
            guard database != .sqlite else { return try await body(scratch) }
            let server = try await PostgreSQLServer.shared()
            let name = "alone_\(UUID().uuidString.lowercased().filter { $0 != "-" })"
            try await server.psql("CREATE DATABASE \(name)")
            let url = server.superuserURL.replacing("@/postgres?", with: "@/\(name)?")
            var own = scratch.setting(["TASKRUN_DATABASE": url])
            if let mode = database.pooler {
                own.variables["TASKRUN_DATABASE"] = try await PgBouncer.shared(mode).url(url)
            }
            if tables { try #require(try await own.taskrun("migrate").status == 0) }
            try await body(own)
        }
    }
}
