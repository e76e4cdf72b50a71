import GRDB

/// How far SQLite goes so that a committed transaction outlives a power failure: `PRAGMA synchronous`.
///
/// Whatever it is, a program or a run that is killed loses nothing. See <https://www.sqlite.org/pragma.html#pragma_synchronous>.
public enum Synchronous: String, Sendable, CaseIterable {
    /// Waits at each commit until the device has it.
    case full
    /// In WAL mode waits at checkpoints only: the file stays whole, but a power failure can undo the last commits.
    ///
    /// In other journal modes a power failure can, rarely, damage the file.
    case normal
    /// Never waits: a power failure can damage the file. For measurements only.
    case off

    /// The pragma's number.
    var number: Int {
        switch self {
        case .off: 0
        case .normal: 1
        case .full: 2
        }
    }
}

/// Where SQLite keeps what lives no longer than a statement or a connection: `PRAGMA temp_store`.
enum TemporaryStore: Int {
    /// For what may be larger than the memory: tasks added in bulk, an index made by a migration.
    case inFiles = 1
    /// For a claim: what it would need to undo one statement is small, and costs 90 writes for 1,000 tasks as a file.
    case inMemory = 2
}

/// How SQLite keeps the old pages until a transaction is committed: `PRAGMA journal_mode`.
public enum JournalMode: String, Sendable, CaseIterable {
    /// A write-ahead log beside the file.
    case wal
    /// A rollback journal that is deleted at each commit.
    case delete

    /// What a new file gets: WAL where the library can do it safely.
    public static var ofNewFile: JournalMode { SQLiteLibrary.hasWALResetFix ? .wal : .delete }
}

extension Database {
    /// Chooses where temporary things are kept from now on; those that there are go.
    func keepTemporary(_ place: TemporaryStore) throws { try set(Pragma.temporaryStore(place)) }
}
