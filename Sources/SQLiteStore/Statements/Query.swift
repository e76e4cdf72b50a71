import GRDB
import Text

/// A statement that returns rows, with the Swift value that a row becomes.
struct Query<Result>: Sendable {
    let sql: String
    let read: @Sendable (ResultRow) -> Result

    init(sql: String, _ read: @escaping @Sendable (ResultRow) -> Result) { (self.sql, self.read) = (sql, read) }

    init(_ file: [UInt8], _ read: @escaping @Sendable (ResultRow) -> Result) {
        self.init(sql: StatementFile.statement(file), read)
    }
}

extension Query where Result: ColumnValue {
    /// A statement of which only one column is read.
    init(_ file: [UInt8], _ column: StaticString) { self.init(sql: StatementFile.statement(file), column: column) }

    init(sql: String, column: StaticString) { self.init(sql: sql) { Result.read($0, column) } }
}

extension Query<Void> {
    /// A statement that only says whether a row exists.
    init(_ file: [UInt8]) { self.init(file) { _ in } }
}

/// A statement that returns no rows.
struct Change: Sendable {
    let sql: String

    init(_ file: [UInt8]) { sql = StatementFile.statement(file) }

    init(sql: String) { self.sql = sql }
}

extension Database {
    /// All rows, by a prepared statement or, if that is nil, by the cached one.
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

    /// The first row, or nil if there is none.
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

    /// Whether the statement returns a row.
    func finds<Result>(
        _ query: Query<Result>,
        _ arguments: StatementArguments = StatementArguments()
    ) throws -> Bool {
        try first(query, arguments) != nil
    }

    /// Reads the rows until `read` returns false.
    func forEachRow<Result>(
        _ query: Query<Result>,
        _ arguments: StatementArguments,
        by statement: Statement? = nil,
        _ read: (Result) throws -> Bool
    ) throws {
        let statement = try statement ?? cachedStatement(sql: query.sql)
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        let row = ResultRow(of: statement.sqliteStatement)
        while try rows.next() != nil, try read(query.read(row)) {}
    }

    /// Runs a statement that returns no rows, and returns how many rows it changed.
    @discardableResult
    func run(_ change: Change, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        try cachedStatement(sql: change.sql).execute(arguments: arguments)
        return changesCount
    }
}

/// A type that one column can be read as.
protocol ColumnValue: SendableMetatype {
    static func read(_ row: ResultRow, _ column: StaticString) -> Self
}

extension Int64: ColumnValue { static func read(_ row: ResultRow, _ at: StaticString) -> Int64 { row.integer(at) } }
extension Int: ColumnValue { static func read(_ row: ResultRow, _ at: StaticString) -> Int { Int(row.integer(at)) } }
extension Double: ColumnValue { static func read(_ row: ResultRow, _ at: StaticString) -> Double { row.double(at) } }
extension Bool: ColumnValue { static func read(_ row: ResultRow, _ at: StaticString) -> Bool { row.flag(at) } }
extension String: ColumnValue { static func read(_ row: ResultRow, _ at: StaticString) -> String { row.text(at) } }
extension [UInt8]: ColumnValue {
    static func read(_ row: ResultRow, _ column: StaticString) -> [UInt8] { Array(row.bytes(column)) }
}
extension Optional: ColumnValue where Wrapped: ColumnValue {
    static func read(_ row: ResultRow, _ at: StaticString) -> Self { row.isNull(at) ? nil : Wrapped.read(row, at) }
}

// SQLite cannot bind a list: a statement reads it from JSON text by json_each().
extension [Int64] { var json: String { "[\(map(String.init).joined(separator: ","))]" } }
extension [String] { var json: String { "[\(map(JSONText.quote).joined(separator: ","))]" } }
