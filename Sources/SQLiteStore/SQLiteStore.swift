import CSQLite
import Foundation
import GRDB
import Synchronization
public import TaskRun

/// The tables in an SQLite file: one machine, nothing to install.
///
/// Every write is one IMMEDIATE transaction, which waits up to the busy timeout of 5 s for another program's lock.
/// Calls run on the connection's own queue, never on Swift's cooperative threads.
public final class SQLiteStore: Sendable {
    /// Whether a missing file is created.
    public enum Opening: Sendable {
        /// A missing file is an error.
        case existing
        /// A missing file is created. Only `taskrun migrate` does this.
        case creating
    }

    /// The file, as `sqlite:PATH`.
    public let location: String
    let path: String
    let synchronous: Synchronous
    let connection: DatabaseQueue
    let memory: ClaimMemory
    /// Waits for tasks, beside the connection.
    let waiter: FileWaiter
    /// The connection on which SQL files run, opened when first needed.
    private let scriptConnection = Mutex(DatabaseQueue?.none)

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - opening: Whether a missing file is created.
    ///   - journal: The journal mode of a new file; an existing file keeps its mode.
    ///   - synchronous: How far each commit goes; default ``Synchronous/full``.
    ///   - history: How long the history of tasks is kept; default 7 days.
    /// - Throws: ``StoreError/Code/database`` for a file that is missing, no database, corrupt, or may not be written;
    ///   ``StoreError/Code/locked`` if it stays locked for longer than the busy timeout.
    public init(
        path: String,
        opening: Opening = .existing,
        journal: JournalMode = .ofNewFile,
        synchronous: Synchronous = .full,
        history: HistoryRetention = HistoryRetention()
    ) throws(StoreError) {
        memory = ClaimMemory(history: HistoryKeeper(history))
        self.path = path
        self.synchronous = synchronous
        self.location = "sqlite:\(path)"
        let file = DatabaseFile(path: path, location: location)
        let isNew = opening == .creating && !file.exists
        if isNew {
            file.create()
        } else {
            try file.requireWritable()
        }
        connection = try Self.open(path, synchronous, location: location)
        waiter = FileWaiter(path: path, location: location)
        if isNew, journal == .wal {
            do {
                try connection.writeWithoutTransaction { try $0.set(Pragma.writeAheadLog) }
            } catch {
                throw StoreError(sqlite: error, "cannot set the journal mode of \(location)")
            }
        }
    }

    /// How long a statement waits for another program's lock.
    static let patience = Duration.seconds(5)

    private static let withoutMemoryCount: Void = sqlite_without_memory_count()

    private static func open(
        _ path: String,
        _ synchronous: Synchronous,
        location: String
    ) throws(StoreError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(patience / .seconds(1))
        configuration.label = "taskrun"
        // Always set: the default depends on how the library was built.
        configuration.prepareDatabase { database in
            try database.set(Pragma.synchronous(synchronous))
            try database.set(Pragma.temporaryStore(.inMemory))
            guard sqlite_add_budget(database.sqliteConnection) == 0 else {
                throw DatabaseError(resultCode: .SQLITE_NOMEM)
            }
        }
        withoutMemoryCount
        do {
            return try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw StoreError(sqlite: error, "cannot open \(location)")
        }
    }

    /// Uses the connection outside of a transaction; `subject` says what could not be done if it fails.
    func access<Value: Sendable>(
        _ subject: String,
        isAboutRows: Bool = false,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await connection.writeWithoutTransaction(body)
        } catch {
            let subject = "\(subject) in \(location)"
            // SQLite reports a table whose row numbers are used up as a full disk.
            if (error as? DatabaseError)?.resultCode == .SQLITE_FULL,
                let table = try? await connection.writeWithoutTransaction({ try $0.first(Statements.usedUp) })
            {
                throw .usedUp(subject, table)
            }
            throw StoreError(sqlite: error, subject, isAboutRows: isAboutRows)
        }
    }

    /// Reads in one transaction, and therefore with one lock.
    func read<Value: Sendable>(
        _ subject: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await access(subject) { database in try Self.transaction(.deferred, in: database, body) }
    }

    /// Reads in one transaction for a person who waits: it is given up when it takes too long.
    func look<Value: Sendable>(
        _ subject: String,
        within limit: Duration = LookLimit.time,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let late = StoreError.late("\(subject) in \(location)")
        return try await read(subject) { database in
            let ends = UnsafeMutablePointer<Int64>.allocate(capacity: 2)
            sqlite_limit_time(database.sqliteConnection, ends, Int64(limit / .milliseconds(1)))
            defer {
                sqlite_unlimit_time(database.sqliteConnection)
                ends.deallocate()
            }
            do {
                return try body(database)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
                throw late
            }
        }
    }

    /// Writes in one transaction.
    ///
    /// IMMEDIATE: a deferred one that comes to write later ignores the busy timeout.
    @discardableResult
    func transaction<Value: Sendable>(
        _ subject: String,
        isAboutRows: Bool = false,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await noting(subject, isAboutRows: isAboutRows) { database in
            try Self.transaction(.immediate, in: database, body)
        }
    }

    /// Uses the connection as ``access(_:isAboutRows:_:)`` does; if the history is what the file refuses, it does the
    /// same again without it.
    func noting<Value: Sendable>(
        _ subject: String,
        isAboutRows: Bool = false,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        memory.history.begin()
        do {
            return try await access(subject, isAboutRows: isAboutRows, body)
        } catch {
            guard !error.isPassing, memory.history.pause() else { throw error }
            do throws(StoreError) {
                let value = try await access(subject, isAboutRows: isAboutRows, body)
                memory.history.blame(HistoryKeeper.error(error, in: location))
                return value
            } catch {
                memory.history.resume()
                throw error
            }
        }
    }

    static func transaction<Value>(
        _ kind: Database.TransactionKind,
        in database: Database,
        _ body: (Database) throws -> Value
    ) throws -> Value {
        var value: Value?
        try database.inTransaction(kind) {
            value = try body(database)
            return .commit
        }
        guard let value else { preconditionFailure("a committed transaction has a value") }
        return value
    }

    /// The connection for SQL files.
    func scripts() throws(StoreError) -> DatabaseQueue {
        try scriptConnection.withLock { known throws(StoreError) in
            if let known { return known }
            let opened = try Self.open(path, synchronous, location: location)
            known = opened
            return opened
        }
    }

    /// Closes the connections.
    public func close() async {
        let second = scriptConnection.withLock { known in
            defer { known = nil }
            return known
        }
        for queue in [second, connection] {
            // An open statement keeps the file open until the process ends. Nothing is lost: no transaction is open.
            try? queue?.close()
        }
        await waiter.close()
    }
}
