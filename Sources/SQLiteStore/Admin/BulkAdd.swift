import GRDB
import TaskRun

/// Gathers tasks in a temporary table, which needs no lock, and moves them into `tasks` in one transaction after the
/// last one.
struct BulkAdd {
    /// How many lines one statement moves.
    private static let step = 2000

    private let database: Database
    private let source: any TaskSource
    private let subject: String
    private let moveLines: Statement

    init(_ database: Database, _ source: any TaskSource, subject: String) throws {
        (self.database, self.source, self.subject) = (database, source, subject)
        try database.set(Pragma.temporaryStore(.inFiles))
        try database.execute(sql: BuiltSQL.makeLines.sql)
        // Before reading anything: it fails if there are no tables.
        moveLines = try database.makeStatement(sql: BuiltSQL.moveLines.sql)
    }

    /// Adds the tasks, or adds none and returns false if the source stopped or a task was refused.
    func run() throws -> Bool {
        guard let last = try gather() else { return false }
        guard last > 0 else { return true }
        // A pipe cannot be read a second time, so wait longer than usual for a lock.
        try database.set(Pragma.patience(.seconds(60)))
        defer { try? database.set(Pragma.patience(.seconds(5))) }
        var isAdded = false
        try database.inTransaction(.immediate) {
            isAdded = try move(upTo: last)
            return isAdded ? .commit : .rollback
        }
        return isAdded
    }

    /// Writes the source's tasks into the temporary table, and returns the last number, 0 for none, or nil if the
    /// source stopped.
    private func gather() throws -> Int? {
        let insert = try LineWriter(in: database)
        var last = 0
        while true {
            switch source.next() {
            case .end: return last
            case .stop: return nil
            case .tasks(let tasks):
                // One transaction for each batch of the source, in the temporary database only.
                try database.inTransaction(.deferred) {
                    for task in tasks { try insert.write(task) }
                    return .commit
                }
                last = tasks.last?.number ?? last
            }
        }
    }

    /// Moves all lines, or returns false if one was refused or the source stopped: then the caller undoes everything.
    private func move(upTo last: Int) throws -> Bool {
        for start in stride(from: 1, through: last, by: Self.step) {
            if case .stop = source.next() { return false }
            guard try move(start...min(last, start + Self.step - 1)) else { return false }
        }
        return true
    }

    /// Moves lines, in halves if the table refuses some, until each refused line is alone.
    private func move(_ lines: ClosedRange<Int>) throws -> Bool {
        do {
            var rows: [AddedLine] = []
            var notNeeded = 0
            try database.inSavepoint {
                rows = try database.rows(BuiltSQL.moveLines, lines.arguments, by: moveLines)
                // A line is missing because it was bad, or because an equal task waits.
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
            return try move(lines.lowerBound...(middle - 1)) && move(middle...lines.upperBound)
        }
    }

    /// How many of these lines were not added because an equal task waits.
    ///
    /// A line without a `dedupe_key` that was not added is a constraint error.
    private func notNeeded(_ lines: ClosedRange<Int>, added: [AddedLine]) throws -> Int {
        let counts = try database.first(Statements.countLines, lines.arguments)
        let plain = added.count(where: \.isPlain)
        guard counts?.plain ?? plain == plain else {
            throw DatabaseError(resultCode: .SQLITE_CONSTRAINT, message: StoreError.notKept)
        }
        return (counts?.number ?? added.count) - added.count
    }
}

/// Writes tasks into the temporary table, by SQLite's own functions: this may run a million times.
private struct LineWriter {
    private let statement: BareStatement<Never>
    private let line: Int32
    private let columns: [(index: Int32, column: TaskColumn)]

    init(in database: Database) throws {
        let statement = try BareStatement(BuiltSQL.gatherLine, in: database)
        columns = TaskColumn.targets.map { (statement.index(of: $0.rawValue), $0) }
        (self.statement, line) = (statement, statement.index(of: "line"))
    }

    func write(_ numbered: NumberedTask) throws {
        statement.bind(line, Int64(numbered.number))
        for (index, column) in columns { statement.bind(index, column.databaseValue(numbered.task)) }
        _ = try statement.run()
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

    init(_ row: ResultRow) {
        task = AddedTask(id: row.integer("id"), name: row.text("task_name"))
        isPlain = row.flag("is_plain")
    }
}

/// How many tasks were gathered from some lines, and how many of these have no `dedupe_key`.
struct LineCount {
    let number, plain: Int

    init(_ row: ResultRow) { (number, plain) = (Int(row.integer("number")), Int(row.integer("plain"))) }
}
