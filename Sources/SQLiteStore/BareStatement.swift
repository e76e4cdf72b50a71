import GRDB
import GRDBSQLite

/// A prepared statement that is bound, stepped and read through SQLite's own functions.
///
/// For the few statements that run once a task: GRDB's rows and named arguments cost three times what SQLite itself takes
/// for them. GRDB still prepares and owns the statement. For use within one closure of the connection.
struct BareStatement {
    private let owner: Statement
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ sql: String, in database: Database) throws {
        guard let connection = database.sqliteConnection else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
        }
        owner = try database.cachedStatement(sql: sql)
        handle = owner.sqliteStatement
        self.connection = connection
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// The number of a parameter, for the functions below.
    func place(of name: String) -> Int32 {
        let place = sqlite3_bind_parameter_index(handle, ":\(name)")
        precondition(place > 0, "the statement has no parameter :\(name)")
        return place
    }

    func bind(_ place: Int32, _ value: Int64) { sqlite3_bind_int64(handle, place, value) }

    func bind(_ place: Int32, _ value: Double) { sqlite3_bind_double(handle, place, value) }

    /// Binds a text; nil is NULL.
    func bind(_ place: Int32, _ value: String?) {
        guard let value else { return _ = sqlite3_bind_null(handle, place) }
        value.withCString {
            let length = UInt64(value.utf8.count)
            _ = sqlite3_bind_text64(handle, place, $0, length, Self.copied, UInt8(SQLITE_UTF8))
        }
    }

    func bind(_ place: Int32, blob bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { sqlite3_bind_blob64(handle, place, $0.baseAddress, UInt64($0.count), Self.copied) }
    }

    /// Runs a statement that returns no rows.
    /// - Returns: How many rows it changed.
    func run() throws -> Int {
        let code = sqlite3_step(handle)
        defer { sqlite3_reset(handle) }
        guard code == SQLITE_DONE else { throw failure(code) }
        return Int(sqlite3_changes(connection))
    }

    /// Runs the statement and reads each row, as long as `read` says so; the columns are valid within it only.
    func forEachRow(_ read: (Columns) throws -> Bool) throws {
        defer { sqlite3_reset(handle) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: if try !read(Columns(handle: handle)) { return }
            case SQLITE_DONE: return
            case let code: throw failure(code)
            }
        }
    }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(connection)))
    }

    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// The columns of the present row.
    struct Columns {
        fileprivate let handle: OpaquePointer

        /// A whole number; SQLite makes one of whatever is there.
        func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

        /// A number; SQLite makes one of whatever is there.
        func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

        /// The bytes of a column that was cast to BLOB; empty for NULL.
        func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
            let start = sqlite3_column_blob(handle, column)
            return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
        }

        /// The same as text; what is not UTF-8 is replaced.
        func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

        /// Whether there is nothing.
        func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

        /// A whole number from this bound to 2,147,483,647; nil for anything else.
        func number(_ column: Int32, from least: Int64) -> Int? {
            guard sqlite3_column_type(handle, column) == SQLITE_INTEGER else { return nil }
            let value = sqlite3_column_int64(handle, column)
            return value >= least && value <= Int64(Int32.max) ? Int(value) : nil
        }
    }
}
