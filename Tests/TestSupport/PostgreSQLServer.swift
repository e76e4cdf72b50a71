public import Foundation
import Synchronization

/// A throwaway PostgreSQL server: made for the tests, gone with them.
///
/// It listens on a Unix socket and on a free port of 127.0.0.1, and trusts everybody but users named `needs_password`
/// that come over TCP. It ends when the test process does, however that ends: a watchdog sees the end of a pipe that
/// only the test process holds open, stops the server and removes its folder.
public final class PostgreSQLServer: Sendable {
    /// The port on 127.0.0.1, and the number in the socket's name.
    public let port: Int
    /// The folder with the socket, the log and the data.
    public let folder: URL
    let programs: PostgreSQLPrograms
    private let schemas = Mutex(0)

    private init(programs: PostgreSQLPrograms, folder: URL, port: Int) {
        self.programs = programs
        self.folder = folder
        self.port = port
    }

    // A task of its own, so that tests which ask at the same time wait for the same server; it lives as long as they do.
    private static let sharedServer = Task { try await start() }

    /// The server that all tests of this process share; started by the first that asks.
    ///
    /// - Returns: The server, ready to be connected to.
    /// - Throws: What is missing, and how to install it.
    public static func shared() async throws -> PostgreSQLServer { try await sharedServer.value }

    /// Starts a server for one test alone, which may stop and restart it.
    ///
    /// - Parameter settings: Further lines for `postgresql.conf`.
    /// - Returns: The server, ready to be connected to.
    /// - Throws: What is missing, and how to install it.
    public static func start(settings: [String] = []) async throws -> PostgreSQLServer {
        let programs = try await PostgreSQLPrograms.find()
        let folder = try programs.makeFolder()
        let port = try Self.freePort()
        try programs.startWatchdog(folder: folder)
        let data = folder.appending(path: "data")
        try await programs.command(
            "initdb",
            ["-D", data.path, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        ).run()
        let lines =
            [
                "listen_addresses = '127.0.0.1'", "port = \(port)", "unix_socket_directories = '\(folder.path)'",
                // Nothing here needs to outlive a power cut. Hundreds of tests run at once, each with its connections.
                "fsync = off", "full_page_writes = off", "max_connections = 1000", "logging_collector = off",
            ] + settings
        try lines.joined(separator: "\n").append(to: data.appending(path: "postgresql.conf"))
        try """
        local all all trust
        local replication all trust
        host all needs_password 127.0.0.1/32 scram-sha-256
        host all all 127.0.0.1/32 trust
        """.write(to: data.appending(path: "pg_hba.conf"), atomically: false, encoding: .utf8)
        let server = PostgreSQLServer(programs: programs, folder: folder, port: port)
        try await server.start()
        return server
    }

    /// A URL of the database `postgres` for the superuser, through the socket.
    public var superuserURL: String { "postgresql://postgres@/postgres?host=\(folder.path)&port=\(port)" }

    /// Variables by which libpq's programs find the server.
    public var environment: [String: String] {
        ["PGHOST": folder.path, "PGPORT": "\(port)", "PGUSER": "postgres", "PGDATABASE": "postgres"]
    }

    /// Makes a fresh, empty place for tables: a schema of its own, which is much faster than a database of its own.
    ///
    /// - Returns: A URL whose `search_path` is that schema, for libpq and psql.
    /// - Throws: What psql reports.
    public func makeDatabase() async throws -> String {
        let name = schemas.withLock { number in
            number += 1
            return "schema_\(number)"
        }
        try await psql("CREATE SCHEMA \(name)")
        return superuserURL + "&options=-csearch_path%3D\(name)"
    }

    /// Runs SQL through psql.
    ///
    /// - Parameters:
    ///   - sql: Statements and psql commands.
    ///   - url: The database; nil: ``superuserURL``.
    /// - Returns: The rows, one a line, with `|` between columns.
    /// - Throws: ``Command/Failure`` with psql's words for a statement that failed.
    @discardableResult
    public func psql(_ sql: String, on url: String? = nil) async throws -> String {
        var command = programs.command(
            "psql",
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url ?? superuserURL]
        )
        command.input = sql
        return try await command.run()
    }

    /// How a server is stopped.
    public enum StopMode: String, Sendable {
        /// Open transactions are undone, connections are closed.
        case fast
        /// As if the power went: the next start has to recover.
        case immediate
    }

    /// Stops the server and waits until it has ended.
    ///
    /// - Throws: What pg_ctl reports.
    public func stop(_ mode: StopMode = .fast) async throws {
        try await control(["-w", "-m", mode.rawValue, "stop"])
    }

    /// Starts the server and waits until it can be connected to.
    ///
    /// - Throws: What pg_ctl reports, and the end of the server's log.
    public func start() async throws {
        let log = folder.appending(path: "log")
        do {
            try await control(["-w", "-t", "120", "-l", log.path, "start"])
        } catch {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            throw Command.Failure(description: "\(error)\n\(text.suffix(2000))")
        }
    }

    /// Makes a streaming standby of this server, as it is now; it runs until the test process ends.
    ///
    /// - Parameter name: What `synchronous_standby_names` may call it.
    /// - Returns: The standby, ready to be read from.
    /// - Throws: What pg_basebackup or pg_ctl report.
    public func startStandby(name: String) async throws -> PostgreSQLServer {
        let folder = try programs.makeFolder()
        let port = try Self.freePort()
        try programs.startWatchdog(folder: folder)
        let data = folder.appending(path: "data")
        let source = "host=\(self.folder.path) port=\(self.port) user=postgres application_name=\(name)"
        try await programs.command(
            "pg_basebackup",
            ["-D", data.path, "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        ).run()
        let lines = ["port = \(port)", "unix_socket_directories = '\(folder.path)'"]
        try lines.joined(separator: "\n").append(to: data.appending(path: "postgresql.conf"))
        let standby = PostgreSQLServer(programs: programs, folder: folder, port: port)
        try await standby.start()
        return standby
    }

    /// Makes the primary server of a standby, and waits until it takes writes.
    ///
    /// - Throws: What pg_ctl reports.
    public func promote() async throws { try await control(["-w", "promote"]) }

    /// Stops the server and starts it again, on the same port.
    ///
    /// - Throws: What pg_ctl reports.
    public func restart(_ mode: StopMode = .fast) async throws {
        try await stop(mode)
        try await start()
    }

    private func control(_ arguments: [String]) async throws {
        let data = folder.appending(path: "data").path
        try await programs.command("pg_ctl", ["-D", data] + arguments).run()
    }

    /// A port of 127.0.0.1 on which nobody listens.
    ///
    /// None of those that Linux gives to connections (32768 and up): while the server is down, one could take it.
    static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = UInt16.random(in: 15_000...30_000)
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listener) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let isBound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                    bind(listener, general, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isBound { return Int(port) }
        }
        throw Command.Failure(description: "no free port on 127.0.0.1")
    }
}

extension String {
    fileprivate func append(to file: URL) throws {
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(("\n" + self + "\n").utf8))
    }
}
