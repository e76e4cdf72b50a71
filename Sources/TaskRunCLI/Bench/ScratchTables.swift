import Platform
import PostgreSQLStore
import SQLiteStore
import TaskRun

/// Tables of its own for a measurement, on the device or server of the database that was named.
///
/// Tasks that exist are never touched: on SQLite it is another file in the same folder, on PostgreSQL another schema.
enum ScratchTables: Sendable {
    case sqlite(path: String, journal: JournalMode, synchronous: Synchronous)
    case postgresql(url: String, schema: ScratchSchema)

    /// Names new ones; nothing is made yet.
    ///
    /// - Parameters:
    ///   - address: The database that was named; its tables need not exist.
    ///   - journal: SQLite's journal mode, or nil for that of the named file or of a new one.
    ///   - synchronous: How far SQLite's commits go.
    init(beside address: DatabaseAddress, journal: JournalMode?, synchronous: Synchronous) {
        let schema = ScratchSchema()
        switch address {
        case .sqlite(let path):
            let file = PathText.join(PathText.folder(of: path), schema.name + ".db")
            let usual = SQLiteStore.journalMode(ofFile: path) ?? .ofNewFile
            self = .sqlite(path: file, journal: journal ?? usual, synchronous: synchronous)
        case .postgresql(let url):
            self = .postgresql(url: url, schema: schema)
        }
    }

    /// Names tables that another process has made.
    ///
    /// Nil if the name is none of a scratch table.
    init?(_ name: String, of address: DatabaseAddress, synchronous: Synchronous) {
        guard let schema = ScratchSchema(name) else { return nil }
        switch address {
        case .sqlite(let path):
            let file = PathText.join(PathText.folder(of: path), name + ".db")
            self = .sqlite(path: file, journal: .ofNewFile, synchronous: synchronous)
        case .postgresql(let url): self = .postgresql(url: url, schema: schema)
        }
    }

    /// The name by which another process finds them.
    var name: String {
        switch self {
        case .sqlite(let path, _, _): String(path.split(separator: "/").last?.dropLast(".db".count) ?? "")
        case .postgresql(_, let schema): schema.name
        }
    }

    /// How to remove them by hand.
    var removal: String { Self.removal(of: name, in: self) }

    private static func removal(of name: String, in place: ScratchTables) -> String {
        switch place {
        case .sqlite(let path, _, _): "rm \(PathText.join(PathText.folder(of: path), name)).db*"
        case .postgresql: "DROP SCHEMA \(name) CASCADE;"
        }
    }

    /// Opens them: each process, and each part of a measurement, has a connection of its own.
    ///
    /// - Parameter history: How long the history is kept.
    /// - Returns: The store, open.
    /// - Throws: StoreError where it cannot be opened.
    func open(history: HistoryRetention) throws(StoreError) -> any TaskDatabase {
        switch self {
        case .sqlite(let path, _, let synchronous):
            try SQLiteStore(path: path, synchronous: synchronous, history: history)
        case .postgresql(let url, let schema): try PostgreSQLStore(url, scratch: schema, history: history)
        }
    }

    /// Makes them, lends them to `body`, and removes them, whatever happens.
    ///
    /// - Parameters:
    ///   - history: How long the history is kept.
    ///   - tell: Receives the error if they could not be removed after another error; that other one is thrown.
    ///   - body: The measurement, on a connection that is closed afterwards.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; what kept them from being made or removed.
    func lend<Result>(
        history: HistoryRetention,
        tell: (StoreError) -> Void,
        _ body: (any TaskDatabase) async throws -> Result
    ) async throws -> Result {
        let result: Result
        // If this fails there is nothing to remove. If only the answer was lost, the next bench names what is left.
        let place = try await make()
        do {
            do {
                _ = try await place.migrate()
            } catch {
                await place.close()
                throw error
            }
            await place.close()
            let store = try open(history: history)
            do {
                result = try await body(store)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        } catch {
            do throws(StoreError) {
                try await remove()
            } catch {
                tell(error)
            }
            throw error
        }
        try await remove()
        return result
    }

    /// Makes the file or the schema, without tables.
    private func make() async throws(StoreError) -> any TaskDatabase {
        switch self {
        case .sqlite(let path, let journal, let synchronous):
            do {
                return try SQLiteStore(path: path, opening: .creating, journal: journal, synchronous: synchronous)
            } catch {
                try? SQLiteStore.remove(file: path)
                throw error
            }
        case .postgresql(let url, let schema):
            let server = try PostgreSQLStore(url, scratch: schema)
            do {
                try await server.make(schema)
            } catch {
                await server.close()
                throw error
            }
            return server
        }
    }

    /// Removes what is there of them.
    private func remove() async throws(StoreError) {
        do {
            switch self {
            case .sqlite(let path, _, _):
                try SQLiteStore.remove(file: path)
            case .postgresql(let url, let schema):
                let server = try PostgreSQLStore(url)
                // A connection that is not closed ends with its last reference.
                try await server.remove(schema)
            }
        } catch {
            throw StoreError(
                error.code,
                subject: error.subject,
                cause: error.cause,
                advice: "Remove the scratch tables by hand: \(removal)"
            )
        }
    }
}

extension ScratchTables {
    /// What other measurements have there: under way, or left behind by one that was killed; how to remove each.
    func leftovers() async -> [String] {
        var names: [String] = []
        switch self {
        case .sqlite(let path, _, _):
            let folder = PathText.folder(of: path)
            let files = try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)
            names = (files ?? []).filter { $0.hasSuffix(".db") }.map { String($0.dropLast(".db".count)) }
        case .postgresql(let url, _):
            guard let server = try? PostgreSQLStore(url) else { return [] }
            names = (try? await server.scratchSchemas()) ?? []
            await server.close()
        }
        return names.filter { ScratchSchema($0) != nil && $0 != name }.sorted().map { Self.removal(of: $0, in: self) }
    }

    /// What the figures depend on.
    func conditions(_ store: any TaskDatabase) async throws(StoreError) -> Conditions {
        if let store = store as? SQLiteStore {
            let (version, journal, synchronous) = try await store.conditions()
            return Conditions(database: "SQLite", version: version, journal: journal, synchronous: synchronous)
        }
        if let store = store as? PostgreSQLStore {
            let (version, commit, fsync) = try await store.conditions()
            return Conditions(database: "PostgreSQL", version: version, synchronousCommit: commit, fsync: fsync)
        }
        preconditionFailure("scratch tables are in SQLite or in PostgreSQL")
    }

    /// The database's kind, version and settings.
    ///
    /// A setting is nil if the database does not have it.
    struct Conditions: Sendable {
        let database: String
        let version: String
        var journal: String?
        var synchronous: String?
        var synchronousCommit: String?
        var fsync: String?
    }
}
