/// How far SQLite makes a committed transaction survive a power failure: `PRAGMA synchronous`.
///
/// A killed program or run loses nothing with any of them. See <https://www.sqlite.org/pragma.html#pragma_synchronous>.
public enum Synchronous: String, Sendable, CaseIterable {
    /// Waits at each commit until the device has stored it.
    case full
    /// In WAL mode waits at checkpoints only: the file stays intact, but a power failure can undo the last commits.
    ///
    /// In other journal modes a power failure can, rarely, damage the file.
    case normal
    /// Never waits: a power failure can damage the file. For measurements only.
    case off

    /// The number that the pragma uses.
    var number: Int {
        switch self {
        case .off: 0
        case .normal: 1
        case .full: 2
        }
    }
}

/// Where SQLite keeps data that lives no longer than a statement or a connection: `PRAGMA temp_store`.
enum TemporaryStore: Int {
    /// For data that may be larger than the memory: tasks added in bulk, an index that a migration creates.
    case inFiles = 1
    /// For a claim: the data to undo one statement is small, and as a file it costs 90 writes for 1,000 tasks.
    case inMemory = 2
}

/// How SQLite keeps the old pages until a transaction is committed: `PRAGMA journal_mode`.
public enum JournalMode: String, Sendable, CaseIterable {
    /// A write-ahead log beside the file.
    case wal
    /// A rollback journal that is deleted at each commit.
    case delete

    /// The mode of a new file: WAL if the library can use it safely.
    public static var ofNewFile: JournalMode { SQLiteLibrary.hasWALResetFix ? .wal : .delete }
}
