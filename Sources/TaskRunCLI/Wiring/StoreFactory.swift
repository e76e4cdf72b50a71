import PostgreSQLStore
import SQLiteStore
import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

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
            do throws(StoreError) {
                return try SQLiteStore(
                    path: path,
                    opening: creating ? .creating : .existing,
                    synchronous: isWAL ? synchronous : .full
                )
            } catch {
                throw error.naming(path)
            }
        case .postgresql(let url): return try PostgreSQLStore(url)
        }
    }
}

extension StoreError {
    /// Says where a missing file was looked for: most often this is the wrong folder.
    fileprivate func naming(_ path: String) -> StoreError {
        let absolute = PathText.absolute(path)
        guard path != absolute, path != ":memory:", !FileManager.default.fileExists(atPath: path) else { return self }
        return StoreError(code, subject: subject, cause: "\(cause) (looked for \(absolute))", advice: advice)
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
