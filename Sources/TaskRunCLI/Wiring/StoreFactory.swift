import PostgreSQLStore
import SQLiteStore
import TaskRun

/// Opens the database that the settings name.
enum StoreFactory {
    /// Opens a store.
    ///
    /// - Parameters:
    ///   - settings: Which one, and how.
    ///   - creating: Whether a missing SQLite file is created: by `migrate`, nobody else.
    /// - Returns: The store, open.
    /// - Throws: StoreError where it cannot be opened.
    static func open(_ settings: Settings, creating: Bool = false) throws(StoreError) -> any TaskDesk {
        switch settings.database {
        case .sqlite(let path):
            try SQLiteStore(
                path: path,
                opening: creating ? .creating : .existing,
                synchronous: settings.sqliteSynchronous
            )
        case .postgresql(let url): try PostgreSQLStore(url)
        }
    }
}

extension Program {
    /// Opens the store for a command, and closes it after.
    func withStore<Result>(
        _ settings: Settings,
        creating: Bool = false,
        _ body: (any TaskDesk) async throws -> Result
    ) async throws -> Result {
        let store = try StoreFactory.open(settings, creating: creating)
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
