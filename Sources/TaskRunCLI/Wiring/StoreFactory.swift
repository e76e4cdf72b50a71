import Logging
import Platform
import PostgreSQLStore
import SQLiteStore
import TaskRun

/// Opens the database that the settings name.
enum StoreFactory {
    /// Opens a store.
    ///
    /// - Parameters:
    ///   - settings: Which one.
    ///   - synchronous: How far a commit to an SQLite file goes.
    ///   - creating: Whether a missing SQLite file is created: only `migrate` does.
    ///   - tell: Receives the store's notices while it works.
    /// - Returns: The store, open.
    /// - Throws: StoreError where it cannot be opened.
    static func open(
        _ settings: Settings,
        synchronous: Synchronous = .full,
        creating: Bool = false,
        tell: (@Sendable (StoreNotice) -> Void)? = nil
    ) throws(StoreError) -> any TaskDatabase {
        switch settings.database {
        case .sqlite(let path):
            // Outside WAL less than full could damage the file.
            let isWAL = synchronous != .full && SQLiteStore.journalMode(ofFile: path) == .wal
            do throws(StoreError) {
                return try SQLiteStore(
                    path: path,
                    opening: creating ? .creating : .existing,
                    synchronous: isWAL ? synchronous : .full,
                    history: settings.historyRetention
                )
            } catch {
                throw error.naming(path)
            }
        case .postgresql(let url):
            let history = settings.historyRetention
            return try PostgreSQLStore(url, listening: settings.listenDatabase, history: history, tell: tell)
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
    ///   - synchronous: How far a commit to an SQLite file goes. Less than full is only for runs: after a power failure
    ///     their last writes can be repeated, while an added task would be lost.
    ///   - creating: Whether a missing SQLite file is created.
    ///   - isRun: Whether the command itself reports what the store warns of.
    ///   - body: The command.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; StoreError where the database cannot be opened.
    func withStore<Result>(
        _ settings: Settings,
        synchronous: Synchronous = .full,
        creating: Bool = false,
        isRun: Bool = false,
        _ body: (any TaskDatabase) async throws -> Result
    ) async throws -> Result {
        let logger = logger(settings)
        let tell: @Sendable (StoreNotice) -> Void = { [screen, name] notice in
            switch notice {
            case .waiting(let text) where screen.terminal.isTerminal: screen.write("\(name): \(text.visible())")
            case .waiting(let text): logger.notice("\(text)")
            case .warning(let text): logger.log(level: isRun ? .notice : .warning, "\(text)")
            }
        }
        let begin = ContinuousClock.now
        let patience = isRun ? min(settings.window, RunSettings().lockPatience) : .zero
        var opened: (any TaskDatabase)?
        while opened == nil {
            do throws(StoreError) {
                opened = try StoreFactory.open(settings, synchronous: synchronous, creating: creating, tell: tell)
            } catch {
                // SQLite has waited for 5 s already.
                guard error.code == .locked, begin.duration(to: .now) < patience else { throw error }
                logger.notice("\(error)")
            }
        }
        guard let store = opened else { preconditionFailure("a store that was not opened is an error") }
        do {
            let result = try await body(store)
            if let trouble = await store.takeHistoryTrouble() { logger.warning("\(trouble)") }
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }
}

extension Settings {
    /// How long the history of tasks is kept, by name.
    var historyRetention: HistoryRetention { HistoryRetention(history, names: tasks.compactMapValues(\.history)) }
}
