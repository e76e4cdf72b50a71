import GRDB
import GRDBSQLite
import Synchronization

/// Counts the instructions of SQLite's virtual machine on one connection, in tens.
final class StepCounter: Sendable {
    private let tens = Mutex(0)

    func count(_ database: Database) throws {
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_progress_handler(
            database.sqliteConnection,
            10,
            { context in
                guard let context else { return 0 }
                Unmanaged<StepCounter>.fromOpaque(context).takeUnretainedValue().tens.withLock { $0 += 1 }
                return 0
            },
            context
        )
    }

    func stop(_ database: Database) throws -> Int {
        sqlite3_progress_handler(database.sqliteConnection, 0, nil, nil)
        return tens.withLock { $0 } * 10
    }
}
