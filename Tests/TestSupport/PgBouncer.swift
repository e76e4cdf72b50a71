public import Foundation

/// A PgBouncer in front of a server, for one test or for all of a process; it ends with the test process, however that ends.
public final class PgBouncer: Sendable {
    /// For how long a client has a connection to the server.
    public enum Mode: String, CaseIterable, Sendable {
        /// For a transaction.
        case transaction
        /// For as long as it is connected.
        case session
    }

    /// The port on 127.0.0.1.
    public let port: Int
    /// The folder with its settings and its log.
    public let folder: URL
    private let server: PostgreSQLServer
    private let watchdog: FileHandle

    private init(port: Int, folder: URL, server: PostgreSQLServer, watchdog: FileHandle) {
        (self.port, self.folder, self.server, self.watchdog) = (port, folder, server, watchdog)
    }

    // Tasks of their own, as for the shared server.
    private static let transactions = Task {
        try await start(.transaction, before: try await PostgreSQLServer.shared())
    }
    private static let sessions = Task { try await start(.session, before: try await PostgreSQLServer.shared()) }

    /// The one before the shared server that all tests of this process use.
    ///
    /// - Throws: What is missing, and how to install it.
    public static func shared(_ mode: Mode) async throws -> PgBouncer {
        try await (mode == .transaction ? transactions : sessions).value
    }

    /// Starts one.
    ///
    /// - Parameters:
    ///   - mode: When a client gives its connection to the server back.
    ///   - server: The server behind it.
    ///   - settings: Further lines for its settings.
    /// - Returns: The pooler, ready to be connected to.
    /// - Throws: What is missing, and how to install it.
    public static func start(
        _ mode: Mode,
        before server: PostgreSQLServer,
        settings: [String] = []
    ) async throws -> PgBouncer {
        let places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
        guard let program = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw Command.Failure(description: "no PgBouncer is installed. Run: apt-get install pgbouncer")
        }
        let folder = try server.programs.makeFolder()
        let port = try PostgreSQLServer.freePort()
        let lines =
            [
                "[databases]", "* = host=\(server.folder.path) port=\(server.port)", "[pgbouncer]",
                "listen_addr = 127.0.0.1", "listen_port = \(port)", "unix_socket_dir =", "pool_mode = \(mode.rawValue)",
                "auth_type = trust", "auth_file = \(folder.path)/users", "max_client_conn = 1000",
                // In transaction mode few connections to the server, so that clients get each other's.
                "default_pool_size = \(mode == .transaction ? 4 : 200)",
            ] + settings
        for (name, text) in [("settings", lines.joined(separator: "\n") + "\n"), ("users", "\"postgres\" \"\"\n")] {
            try text.write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
        }
        let watchdog = try server.programs.startBeside(
            [program, folder.appending(path: "settings").path],
            folder: folder
        )
        let pooler = PgBouncer(port: port, folder: folder, server: server, watchdog: watchdog)
        try await pooler.awaitStart()
        return pooler
    }

    private func awaitStart() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            do {
                try await server.psql("SELECT 1", on: "postgresql://postgres@127.0.0.1:\(port)/postgres")
                return
            } catch {
                guard ContinuousClock.now < end else {
                    let log = try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
                    throw Command.Failure(description: "\(error)\n\((log ?? "").suffix(2000))")
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// The way through it to what a URL of the server names.
    public func url(_ url: String) -> String {
        url.replacing("@/", with: "@127.0.0.1:\(port)/")
            .replacing("host=\(server.folder.path)&port=\(server.port)", with: "sslmode=disable")
    }

    /// Ends it, and everything that goes through it.
    public func stop() throws { try watchdog.close() }
}
