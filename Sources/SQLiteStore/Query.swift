import GRDB

/// A statement that returns rows, and what a row is to Swift.
struct Query<Result>: Sendable {
    let sql: String
    /// Finds the columns by their names, once for all rows, and gives what reads a row.
    let reader: @Sendable (Columns) -> (ResultRow) -> Result

    init(sql: String, _ reader: @escaping @Sendable (Columns) -> (ResultRow) -> Result) {
        (self.sql, self.reader) = (sql, reader)
    }

    init(_ file: [UInt8], _ reader: @escaping @Sendable (Columns) -> (ResultRow) -> Result) {
        self.init(sql: Statements.text(file), reader)
    }
}

extension Query where Result: ColumnValue {
    /// A statement of which one column is read.
    init(_ file: [UInt8], _ column: String) { self.init(sql: Statements.text(file), column: column) }

    init(sql: String, column: String) {
        self.init(sql: sql) { columns in
            let column = columns[column]
            return { Result.read($0, column) }
        }
    }
}

extension Query<Void> {
    /// A statement that returns a row or none, and nothing in it.
    init(_ file: [UInt8]) { self.init(file) { _ in { _ in } } }
}

/// A statement that returns no rows.
struct Change: Sendable {
    let sql: String

    init(_ file: [UInt8]) { sql = Statements.text(file) }

    init(sql: String) { self.sql = sql }
}

extension Database {
    /// All rows; by a statement that was prepared before, if there is one.
    func rows<Result>(
        _ query: Query<Result>,
        _ arguments: StatementArguments = StatementArguments(),
        by statement: Statement? = nil
    ) throws -> [Result] {
        var results: [Result] = []
        try forEachRow(query, arguments, by: statement) {
            results.append($0)
            return true
        }
        return results
    }

    /// The first row, if there is one.
    func first<Result>(
        _ query: Query<Result>,
        _ arguments: StatementArguments = StatementArguments(),
        by statement: Statement? = nil
    ) throws -> Result? {
        var result: Result?
        try forEachRow(query, arguments, by: statement) {
            result = $0
            return false
        }
        return result
    }

    /// Whether there is a row.
    func finds<Result>(
        _ query: Query<Result>,
        _ arguments: StatementArguments = StatementArguments()
    ) throws -> Bool {
        try first(query, arguments) != nil
    }

    /// Reads each row, as long as `read` says so.
    func forEachRow<Result>(
        _ query: Query<Result>,
        _ arguments: StatementArguments,
        by statement: Statement? = nil,
        _ read: (Result) throws -> Bool
    ) throws {
        let statement = try statement ?? cachedStatement(sql: query.sql)
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        let result = query.reader(Columns(of: statement.sqliteStatement))
        let row = ResultRow(of: statement.sqliteStatement)
        while try rows.next() != nil, try read(result(row)) {}
    }

    /// Runs a statement.
    ///
    /// - Returns: How many rows it changed.
    @discardableResult
    func run(_ change: Change, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        try cachedStatement(sql: change.sql).execute(arguments: arguments)
        return changesCount
    }
}

/// What one column can be read as.
protocol ColumnValue: SendableMetatype {
    static func read(_ row: ResultRow, _ column: Column) -> Self
}

extension Int64: ColumnValue {
    static func read(_ row: ResultRow, _ column: Column) -> Int64 { row.integer(column) }
}

extension Int: ColumnValue {
    static func read(_ row: ResultRow, _ column: Column) -> Int { Int(row.integer(column)) }
}

extension Double: ColumnValue {
    static func read(_ row: ResultRow, _ column: Column) -> Double { row.double(column) }
}

extension Bool: ColumnValue {
    static func read(_ row: ResultRow, _ column: Column) -> Bool { row.flag(column) }
}

extension String: ColumnValue {
    static func read(_ row: ResultRow, _ column: Column) -> String { row.text(column) }
}

extension [UInt8]: ColumnValue {
    static func read(_ row: ResultRow, _ column: Column) -> [UInt8] { Array(row.bytes(column)) }
}

extension Optional: ColumnValue where Wrapped: ColumnValue {
    static func read(_ row: ResultRow, _ column: Column) -> Wrapped? {
        row.isNull(column) ? nil : Wrapped.read(row, column)
    }
}
