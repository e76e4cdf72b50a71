import GRDBSQLite

/// A value to bind to a parameter.
enum RawValue {
    case number(Double)
    case text(String)
    case blob([UInt8])
}

/// A connection through SQLite's own interface, for a file that is opened in a special way and read in small parts.
///
/// A class: it owns the connection and its statements. Each statement is prepared once.
final class RawConnection {
    private let connection: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    /// Opens a file, or returns nil if that fails.
    ///
    /// The options are the parameters of an SQLite URI: <https://www.sqlite.org/uri.html>.
    init?(path: String, options: String) {
        var connection: OpaquePointer?
        let uri = "file:\(Self.escaped(path))?\(options)"
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(uri, &connection, flags, nil)
        guard let connection else { return nil }
        self.connection = connection
        if code != SQLITE_OK { return nil }
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(connection)
    }

    /// Whether the last statement failed because the file or its log could not be opened, as in WAL mode without locks.
    var cannotOpen: Bool { sqlite3_errcode(connection) & 0xff == SQLITE_CANTOPEN }

    /// Drops the pages that SQLite keeps in memory.
    func forgetPages() { sqlite3_db_release_memory(connection) }

    /// The file cannot be read at this moment, for whatever reason.
    struct Unreadable: Error {}

    /// The first row of a statement, or nil if there is none.
    func first<Result>(_ query: Query<Result>, _ values: [String: RawValue] = [:]) throws(Unreadable) -> Result? {
        try first(query, values) { $0 }
    }

    /// The value that `make` returns for the first row while the row is valid, or nil if there is none.
    func first<Result, Value>(
        _ query: Query<Result>,
        _ values: [String: RawValue],
        _ make: (Result) -> Value
    ) throws(Unreadable) -> Value? {
        let statement = try prepared(query.sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (name, value) in values {
            Self.bind(value, to: sqlite3_bind_parameter_index(statement, ":\(name)"), of: statement)
        }
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return make(query.read(ResultRow(of: statement)))
        case SQLITE_DONE: return nil
        default: throw Unreadable()
        }
    }

    /// Whether the statement returns a row.
    func finds<Result>(_ query: Query<Result>, _ values: [String: RawValue] = [:]) throws(Unreadable) -> Bool {
        try first(query, values) != nil
    }

    /// Runs a statement that returns no rows.
    func run(_ change: Change) throws(Unreadable) {
        let statement = try prepared(change.sql)
        defer { sqlite3_reset(statement) }
        guard sqlite3_step(statement) == SQLITE_DONE else { throw Unreadable() }
    }

    private func prepared(_ sql: String) throws(Unreadable) -> OpaquePointer {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard let statement else { throw Unreadable() }
        statements[sql] = statement
        return statement
    }

    private static let copied = unsafeBitCast(OpaquePointer(bitPattern: -1), to: sqlite3_destructor_type.self)

    private static func bind(_ value: RawValue, to index: Int32, of statement: OpaquePointer) {
        switch value {
        case .number(let number): sqlite3_bind_double(statement, index, number)
        case .text(let text): sqlite3_bind_text(statement, index, text, -1, copied)
        case .blob(let bytes): sqlite3_bind_blob(statement, index, bytes, Int32(bytes.count), copied)
        }
    }

    /// A path in the form that a URI needs.
    static func escaped(_ path: String) -> String {
        path.utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            if byte < 128, character.isLetter || character.isNumber || "/._-".contains(character) {
                return String(character)
            }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
