import CSQLite
import Foundation
import GRDB
import Synchronization
public import TaskRun

/// The tables in an SQLite file: one machine, nothing to install.
///
/// Every write is one IMMEDIATE transaction; another program's lock is waited for up to the busy timeout of 5 s. Calls run
/// on the connection's own queue, never on Swift's cooperative threads.
public final class SQLiteStore: TaskDesk {
    /// Whether a missing file is created.
    public enum Opening: Sendable {
        /// A missing file is an error.
        case existing
        /// A missing file is created (by `taskrun migrate`, nobody else).
        case creating
    }

    /// The file, as `sqlite:PATH`.
    public let location: String
    let path: String
    let synchronous: Synchronous
    let connection: DatabaseQueue
    /// Lanes found by a claim of the last second, so that thousands of them are not looked for at each claim.
    let lanes = Mutex(LaneMemory())
    /// Rows that the table does not let be claimed: they are passed over.
    let avoided = Mutex(AvoidedRows())

    /// Lets rows be claimed again that were refused beside others: see ``TaskRun/TaskStore``.
    public func tryRefusedAgain() -> String? { avoided.withLock { $0.tryAgain() } }
    let expiryTurn = Mutex(ExpiryTurn())
    /// Whether `tasks` had triggers of somebody else's, and at which version of the schema.
    let triggers = Mutex<(version: Int64, areThere: Bool)?>(nil)
    /// Waits for tasks, beside the connection.
    let waiter: FileWaiter
    /// The connection on which SQL files run, opened when first needed.
    private let scriptConnection = Mutex(DatabaseQueue?.none)

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - opening: Whether a missing file is created.
    ///   - journal: The journal mode of a file that is created; an existing file's is left alone.
    ///   - synchronous: How far each commit goes; default ``Synchronous/full``.
    /// - Throws: ``StoreError/Code/database`` for a file that is missing, no database, corrupt, or may not be written;
    ///   ``StoreError/Code/locked`` if it stays locked for longer than the busy timeout.
    public init(
        path: String,
        opening: Opening = .existing,
        journal: JournalMode = .ofNewFile,
        synchronous: Synchronous = .full
    ) throws(StoreError) {
        self.path = path
        self.synchronous = synchronous
        self.location = "sqlite:\(path)"
        let isNew = !FileManager.default.fileExists(atPath: path)
        if isNew, opening == .existing {
            throw StoreError(
                .database,
                subject: "cannot open \(location)",
                cause: "there is no such file",
                advice: "Create it with: taskrun --database \(location) migrate"
            )
        }
        if isNew { NewFile.make(path) } else { try Self.requireWritable(path, location: location) }
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

    private static func requireWritable(_ path: String, location: String) throws(StoreError) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        for place in [path, folder] where !FileManager.default.isWritableFile(atPath: place) {
            throw StoreError(
                .database,
                subject: "cannot write \(location)",
                cause: "\(place == path ? "the file" : "its folder \(folder)") may not be written by this user",
                advice:
                    "SQLite writes the file and its journal beside it. Run taskrun as the file's owner, or change the owner."
            )
        }
        // What another user's program left beside the file, as one that root ran: SQLite itself would speak of the file.
        let real = FileIdentity.realPath(path)
        for place in ["-wal", "-shm", "-journal"].map({ real + $0 })
        where FileManager.default.fileExists(atPath: place) && !FileManager.default.isWritableFile(atPath: place) {
            let owner = (try? FileManager.default.attributesOfItem(atPath: place))?[.ownerAccountName] as? String
            throw StoreError(
                .database,
                subject: "cannot write \(location)",
                cause:
                    "\(place) beside it\(owner.map { " belongs to \($0) and" } ?? "") may not be written by this user",
                advice:
                    "Let no other user's programs open the file, also not root's; then give it back: chown --reference='\(real)' '\(place)'"
            )
        }
    }

    private static let withoutMemoryCount: Void = sqlite_without_memory_count()

    private static func open(
        _ path: String,
        _ synchronous: Synchronous,
        location: String
    ) throws(StoreError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "taskrun"
        // Said each time: which one is the default depends on how the library was built.
        configuration.prepareDatabase { database in
            try database.set(Pragma.synchronous(synchronous))
            try database.keepTemporary(.inMemory)
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

    /// Works on the connection; `subject` says what cannot be done if it fails.
    func access<Value: Sendable>(
        _ subject: String,
        isAboutRows: Bool = false,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await connection.writeWithoutTransaction(body)
        } catch {
            let subject = "\(subject) in \(location)"
            if (error as? DatabaseError)?.resultCode == .SQLITE_FULL, let used = await usedUpNumbers() {
                throw .usedUp(subject, used)
            }
            throw StoreError(sqlite: error, subject, isAboutRows: isAboutRows)
        }
    }

    /// The table whose numbers are used up, if there is one: SQLite says then that the disk is full.
    private func usedUpNumbers() async -> String? {
        try? await connection.writeWithoutTransaction { try $0.first(Statements.usedUp) }
    }

    /// Works in one write transaction.
    ///
    /// IMMEDIATE: a deferred one that comes to write later ignores the busy timeout.
    @discardableResult
    func transaction<Value: Sendable>(
        _ subject: String,
        isAboutRows: Bool = false,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await access(subject, isAboutRows: isAboutRows) { database in
            var value: Value?
            try database.inTransaction(.immediate) {
                value = try body(database)
                return .commit
            }
            guard let value else { preconditionFailure("a committed transaction has a value") }
            return value
        }
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
