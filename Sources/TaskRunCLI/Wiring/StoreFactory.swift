import PostgreSQLStore
import SQLiteStore
import TaskRun

/// Opens the database that the settings name.
enum StoreFactory {
    /// Opens a store.
    ///
    /// - Parameters:
    ///   - address: Which one.
    ///   - synchronous: How far a commit to an SQLite file goes.
    ///   - creating: Whether a missing SQLite file is created: by `migrate`, nobody else.
    /// - Returns: The store, open.
    /// - Throws: StoreError where it cannot be opened.
    static func open(
        _ address: DatabaseAddress,
        synchronous: Synchronous = .full,
        creating: Bool = false
    ) throws(StoreError) -> any TaskDesk {
        switch address {
        case .sqlite(let path):
            // Outside WAL less than full could damage the file.
            let isWAL = synchronous != .full && SQLiteStore.journalMode(ofFile: path) == .wal
            return try SQLiteStore(
                path: path,
                opening: creating ? .creating : .existing,
                synchronous: isWAL ? synchronous : .full
            )
        case .postgresql(let url): return try PostgreSQLStore(url)
        }
    }
}

extension Program {
    /// Opens the store for a command, and closes it after.
    ///
    /// - Parameters:
    ///   - settings: Which database.
    ///   - synchronous: How far a commit to an SQLite file goes. Less than full is for a run alone: what it wrote last can
    ///     be repeated after a power failure, while a task that was added would be lost.
    ///   - creating: Whether a missing SQLite file is created.
    ///   - body: The command.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; StoreError where the database cannot be opened.
    func withStore<Result>(
        _ settings: Settings,
        synchronous: Synchronous = .full,
        creating: Bool = false,
        _ body: (any TaskDesk) async throws -> Result
    ) async throws -> Result {
        let store = try StoreFactory.open(settings.database, synchronous: synchronous, creating: creating)
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }
}
