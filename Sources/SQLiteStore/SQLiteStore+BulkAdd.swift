import Foundation
import GRDB
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
            defer { try? database.execute(sql: Statements.dropLines.sql) }
            try database.keepTemporary(.inFiles)
            try database.execute(sql: Statements.makeLines.sql)
            // Before anything is read: it fails where there are no tables.
            let move = try BulkMove(database, source, subject: subject)
            guard let last = try database.gather(from: source) else { return false }
            guard last > 0 else { return true }
            // What was read from a pipe cannot be read again: longer patience than usual.
            try database.set(Pragma.patience(.seconds(60)))
            defer { try? database.set(Pragma.patience(.seconds(5))) }
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
        let insert = try LineWriter(in: self)
        var last = 0
        while true {
            switch source.next() {
            case .end: return last
            case .stop: return nil
            case .tasks(let tasks):
                // One transaction a batch, in the temporary database alone.
                try inTransaction(.deferred) {
                    for task in tasks { try insert.write(task) }
                    return .commit
                }
                last = tasks.last?.number ?? last
            }
        }
    }
}

/// Writes tasks into the temporary table; by SQLite's own functions, as this is done a million times.
private struct LineWriter {
    private let statement: BareStatement<Never>
    private let line: Int32
    private let columns: [(place: Int32, column: TaskColumn)]

    init(in database: Database) throws {
        let statement = try BareStatement(Statements.gatherLine, in: database)
        columns = TaskColumn.all.map { (statement.place(of: $0.name), $0) }
        (self.statement, line) = (statement, statement.place(of: "line"))
    }

    func write(_ numbered: NumberedTask) throws {
        statement.bind(line, Int64(numbered.number))
        for (place, column) in columns { statement.bind(place, column.value(numbered.task)) }
        _ = try statement.run()
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
        move = try database.makeStatement(sql: Statements.moveLines.sql)
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
            var rows: [AddedLine] = []
            var notNeeded = 0
            try database.inSavepoint {
                rows = try database.rows(Statements.moveLines, lines.arguments, by: move)
                // Of the lines that are missing, some were bad ones; of the others that have a key equal ones wait.
                if rows.count < lines.count { notNeeded = try self.notNeeded(lines, added: rows) }
                return .commit
            }
            source.added(rows.map(\.task))
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
    private func notNeeded(_ lines: ClosedRange<Int>, added: [AddedLine]) throws -> Int {
        let counts = try database.first(Statements.countLines, lines.arguments)
        let plain = added.count(where: \.isPlain)
        guard counts?.plain ?? plain == plain else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.notKept)
        }
        return (counts?.number ?? added.count) - added.count
    }
}

extension ClosedRange<Int> {
    /// The first and the last line.
    fileprivate var arguments: StatementArguments { ["first": lowerBound, "last": upperBound] }
}

/// A line that became a task.
struct AddedLine {
    let task: AddedTask
    /// Whether it has no `dedupe_key`.
    let isPlain: Bool

    static func reader(_ columns: Columns) -> (ResultRow) -> AddedLine {
        let (id, name, isPlain) = (columns["id"], columns["task_name"], columns["is_plain"])
        return { row in
            AddedLine(task: AddedTask(id: row.integer(id), name: row.text(name)), isPlain: row.flag(isPlain))
        }
    }
}

/// How many tasks some lines hold, and how many of these have no `dedupe_key`.
struct LineCount {
    let number, plain: Int

    static func reader(_ columns: Columns) -> (ResultRow) -> LineCount {
        let (number, plain) = (columns["number"], columns["plain"])
        return { row in LineCount(number: Int(row.integer(number)), plain: Int(row.integer(plain))) }
    }
}
