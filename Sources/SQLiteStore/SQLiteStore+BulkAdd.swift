import Foundation
import GRDB
import GRDBSQLite
public import TaskRun

extension SQLiteStore {
    /// How many lines are moved by one statement.
    static let bulkStep = 2000

    /// Adds tasks as a source gives them.
    ///
    /// They are gathered in a temporary table, which needs no lock, and moved into `tasks` in one transaction when the last
    /// one has come: other programs can write for as long as the source is read.
    public func add(from source: any TaskSource) async throws(StoreError) -> Bool {
        let subject = "cannot add tasks in \(location)"
        return try await access("cannot add tasks") { database in
            defer { try? database.execute(sql: Statements.dropLines) }
            try database.keepTemporary(.inFiles)
            try database.execute(sql: Statements.makeLines)
            // Before anything is read: it fails where there are no tables.
            let move = try BulkMove(database, source, subject: subject)
            guard let last = try database.gather(from: source) else { return false }
            guard last > 0 else { return true }
            // What was read from a pipe cannot be read again: longer patience than usual.
            try database.execute(sql: Pragma.patience(.seconds(60)))
            defer { try? database.execute(sql: Pragma.patience(.seconds(5))) }
            var isAdded = false
            try database.inTransaction(.immediate) {
                isAdded = try move.run(upTo: last)
                return isAdded ? .commit : .rollback
            }
            return isAdded
        }
    }
}

extension Database {
    /// Writes a source's tasks into the temporary table.
    ///
    /// - Returns: The number of the last one, 0 for none; nil where the source stopped.
    fileprivate func gather(from source: any TaskSource) throws -> Int? {
        let insert = try makeStatement(sql: Statements.gatherLine)
        var last = 0
        while true {
            switch source.next() {
            case .end: return last
            case .stop: return nil
            case .tasks(let tasks):
                // One transaction a batch, in the temporary database alone.
                try inTransaction(.deferred) {
                    for task in tasks { try insert.write(task, in: self) }
                    return .commit
                }
                last = tasks.last?.number ?? last
            }
        }
    }
}

extension Statement {
    /// Writes one task; by SQLite's own functions, as this is done a million times.
    fileprivate func write(_ numbered: NumberedTask, in database: Database) throws {
        let task = numbered.task
        sqlite3_reset(sqliteStatement)
        bind(1, numbered.number)
        bind(2, task.name)
        bind(3, task.data)
        bind(4, task.queue)
        bind(5, task.priority)
        bind(6, SQLiteTime.runAt(task))
        bind(7, task.maxAttempts)
        bind(8, task.timeoutSeconds)
        bind(9, task.dedupeKey)
        bind(10, task.lockKey)
        bind(11, SQLiteTime.expiresAt(task))
        bind(12, task.token)
        bind(13, task.batch)
        bind(14, task.afterBatch)
        let result = sqlite3_step(sqliteStatement)
        sqlite3_reset(sqliteStatement)
        guard result == SQLITE_DONE else { throw database.lastFailure(result) }
    }

    private func bind(_ place: Int32, _ value: Int?) {
        guard let value else { return _ = sqlite3_bind_null(sqliteStatement, place) }
        sqlite3_bind_int64(sqliteStatement, place, Int64(value))
    }

    private func bind(_ place: Int32, _ value: String?) {
        guard let value else { return _ = sqlite3_bind_null(sqliteStatement, place) }
        // SQLITE_TRANSIENT, a macro that Swift does not import: SQLite makes its own copy.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        sqlite3_bind_text(sqliteStatement, place, value, Int32(value.utf8.count), transient)
    }
}

extension Database {
    /// What SQLite says of the last call.
    fileprivate func lastFailure(_ code: Int32) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: code),
            message: String(cString: sqlite3_errmsg(sqliteConnection))
        )
    }
}

/// Moves gathered tasks into `tasks`, within a transaction.
private struct BulkMove {
    private let database: Database
    private let source: any TaskSource
    private let subject: String
    private let move: Statement

    init(_ database: Database, _ source: any TaskSource, subject: String) throws {
        (self.database, self.source, self.subject) = (database, source, subject)
        move = try database.makeStatement(sql: Statements.moveLines)
    }

    /// Moves all; false: one was refused, or the source stopped, and everything is to be undone.
    func run(upTo last: Int) throws -> Bool {
        for start in stride(from: 1, through: last, by: SQLiteStore.bulkStep) {
            if case .stop = source.next() { return false }
            guard try place(start...min(last, start + SQLiteStore.bulkStep - 1)) else { return false }
        }
        return true
    }

    /// Moves lines, in halves where they are not taken together, until each that is refused stands alone.
    private func place(_ lines: ClosedRange<Int>) throws -> Bool {
        do {
            var rows: [Row] = []
            var notNeeded = 0
            try database.inSavepoint {
                rows = try Row.fetchAll(move, arguments: ["first": lines.lowerBound, "last": lines.upperBound])
                // Of the lines that are missing, some were bad ones; of the others that have a key equal ones wait.
                if rows.count < lines.count { notNeeded = try self.notNeeded(lines, added: rows) }
                return .commit
            }
            source.added(rows.map { AddedTask(id: $0[0], name: $0.text(1)) })
            if notNeeded > 0 { source.notNeeded(notNeeded) }
            return true
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT && database.isInsideTransaction
        {
            guard lines.count > 1 else {
                source.refused(lines.lowerBound, StoreError(sqlite: error, subject))
                return source.isLenient
            }
            let middle = lines.lowerBound + lines.count / 2
            return try place(lines.lowerBound...(middle - 1)) && place(middle...lines.upperBound)
        }
    }

    /// How many of these lines have a key and were not added.
    ///
    /// - Throws: An error as of a constraint for a line without a key.
    private func notNeeded(_ lines: ClosedRange<Int>, added: [Row]) throws -> Int {
        let counts = try Row.fetchOne(
            database,
            sql: Statements.countLines,
            arguments: ["first": lines.lowerBound, "last": lines.upperBound]
        )
        let plain = added.count { $0[2] as Bool }
        guard (counts?[1] ?? plain) == plain else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.notKept)
        }
        return (counts?[0] ?? added.count) - added.count
    }
}
