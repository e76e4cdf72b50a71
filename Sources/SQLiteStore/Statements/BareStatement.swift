import GRDB
import GRDBSQLite

/// A prepared statement that is bound, stepped and read through SQLite's own functions.
///
/// Use it for the few statements that run once per task: GRDB's rows and named arguments cost three times what SQLite
/// itself needs. GRDB still prepares and owns the statement. A value of this type is valid within one closure of the
/// connection only.
struct BareStatement<Result> {
    private let owner: Statement
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    private let read: (ResultRow) -> Result

    init(_ query: Query<Result>, in database: Database) throws {
        guard let connection = database.sqliteConnection else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
        }
        owner = try database.cachedStatement(sql: query.sql)
        handle = owner.sqliteStatement
        read = query.read
        self.connection = connection
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// The number of a parameter, for the functions below.
    func index(of name: String) -> Int32 {
        guard let index = indexIfAny(of: name) else { preconditionFailure("the statement has no parameter :\(name)") }
        return index
    }

    /// The number of a parameter, or nil if the statement has no such parameter.
    func indexIfAny(of name: String) -> Int32? {
        let index = sqlite3_bind_parameter_index(handle, ":\(name)")
        return index > 0 ? index : nil
    }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }

    func bind(_ index: Int32, _ value: Double) { sqlite3_bind_double(handle, index, value) }

    /// Binds a text, or NULL for nil.
    func bind(_ index: Int32, _ value: String?) {
        guard let value else { return _ = sqlite3_bind_null(handle, index) }
        value.withCString {
            let length = UInt64(value.utf8.count)
            _ = sqlite3_bind_text64(handle, index, $0, length, Self.copied, UInt8(SQLITE_UTF8))
        }
    }

    func bind(_ index: Int32, blob bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { sqlite3_bind_blob64(handle, index, $0.baseAddress, UInt64($0.count), Self.copied) }
    }

    func bind(_ index: Int32, _ value: DatabaseValue) {
        switch value.storage {
        case .null: sqlite3_bind_null(handle, index)
        case .int64(let number): bind(index, number)
        case .double(let number): bind(index, number)
        case .string(let text): bind(index, text)
        case .blob(let bytes): bind(index, blob: Array(bytes))
        }
    }

    /// Runs a statement that returns no rows, and returns how many rows it changed.
    func run() throws -> Int {
        let code = sqlite3_step(handle)
        defer { sqlite3_reset(handle) }
        guard code == SQLITE_DONE else { throw failure(code) }
        return Int(sqlite3_changes(connection))
    }

    /// Calls `body` for each row until it returns false; what it does not copy is valid only while it runs.
    func forEachRow(_ body: (Result) throws -> Bool) throws {
        let row = ResultRow(of: handle)
        defer { sqlite3_reset(handle) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: if try !body(read(row)) { return }
            case SQLITE_DONE: return
            case let code: throw failure(code)
            }
        }
    }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(connection)))
    }

    /// Tells SQLite to make its own copy: the macro SQLITE_TRANSIENT, which Swift does not import.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}

extension BareStatement<Never> {
    init(_ change: Change, in database: Database) throws {
        let query = Query<Never>(sql: change.sql) { _ in preconditionFailure("it returns no rows") }
        try self.init(query, in: database)
    }
}
