import GRDB
import GRDBSQLite

/// A prepared statement that is bound, stepped and read through SQLite's own functions.
///
/// For the few statements that run once a task: GRDB's rows and named arguments cost three times what SQLite itself takes
/// for them. GRDB still prepares and owns the statement. For use within one closure of the connection.
struct BareStatement<Result> {
    private let owner: Statement
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    private let reader: (ResultRow) -> Result

    init(_ query: Query<Result>, in database: Database) throws {
        guard let connection = database.sqliteConnection else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
        }
        owner = try database.cachedStatement(sql: query.sql)
        handle = owner.sqliteStatement
        reader = query.reader(Columns(of: handle))
        self.connection = connection
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// The number of a parameter, for the functions below.
    func place(of name: String) -> Int32 {
        guard let place = placeIfAny(of: name) else { preconditionFailure("the statement has no parameter :\(name)") }
        return place
    }

    /// The same; nil where there is no such parameter.
    func placeIfAny(of name: String) -> Int32? {
        let place = sqlite3_bind_parameter_index(handle, ":\(name)")
        return place > 0 ? place : nil
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

    func bind(_ place: Int32, _ value: DatabaseValue) {
        switch value.storage {
        case .null: sqlite3_bind_null(handle, place)
        case .int64(let number): bind(place, number)
        case .double(let number): bind(place, number)
        case .string(let text): bind(place, text)
        case .blob(let bytes): bind(place, blob: Array(bytes))
        }
    }

    /// Runs a statement that returns no rows.
    ///
    /// - Returns: How many rows it changed.
    func run() throws -> Int {
        let code = sqlite3_step(handle)
        defer { sqlite3_reset(handle) }
        guard code == SQLITE_DONE else { throw failure(code) }
        return Int(sqlite3_changes(connection))
    }

    /// Runs the statement and reads each row, as long as `read` says so; what is not copied is valid within it only.
    func forEachRow(_ read: (Result) throws -> Bool) throws {
        let row = ResultRow(of: handle)
        defer { sqlite3_reset(handle) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: if try !read(reader(row)) { return }
            case SQLITE_DONE: return
            case let code: throw failure(code)
            }
        }
    }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(connection)))
    }

    /// SQLITE_TRANSIENT, a macro that Swift does not import: SQLite makes its own copy.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}

extension BareStatement<Never> {
    init(_ change: Change, in database: Database) throws {
        let query = Query<Never>(sql: change.sql) { _ in { _ in preconditionFailure("it returns no rows") } }
        try self.init(query, in: database)
    }
}
