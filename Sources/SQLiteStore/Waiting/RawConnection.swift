import GRDBSQLite

/// A value on its way to SQLite or from it.
enum RawValue: Equatable {
    case null
    case number(Double)
    case text(String)
    case blob([UInt8])

    /// The number, if it is one.
    var number: Double? {
        guard case .number(let number) = self else { return nil }
        return number
    }

    /// The bytes of a blob or text; empty for anything else.
    var bytes: [UInt8] {
        switch self {
        case .blob(let bytes): bytes
        case .text(let text): Array(text.utf8)
        case .null, .number: []
        }
    }
}

/// A connection of SQLite's own interface, for what is opened in a special way and read in small bits.
///
/// A class: it owns the connection and its statements, each of which is prepared once.
final class RawConnection {
    private let connection: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    /// Opens a file; nil if that fails.
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

    /// Whether the last statement failed because the file or its log could not be opened: without locks there is no WAL.
    var cannotOpen: Bool { sqlite3_errcode(connection) & 0xff == SQLITE_CANTOPEN }

    /// Drops the pages that are kept in memory.
    func forgetPages() { sqlite3_db_release_memory(connection) }

    /// The first row of a statement; empty for none, nil if it failed.
    func first(_ sql: String, _ values: [String: RawValue] = [:]) -> [RawValue]? {
        guard let statement = prepared(sql) else { return nil }
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (name, value) in values {
            Self.bind(value, to: sqlite3_bind_parameter_index(statement, name), of: statement)
        }
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return (0..<sqlite3_column_count(statement)).map { Self.value(of: statement, column: $0) }
        case SQLITE_DONE: return []
        default: return nil
        }
    }

    private func prepared(_ sql: String) -> OpaquePointer? {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        statements[sql] = statement
        return statement
    }

    private static let copied = unsafeBitCast(OpaquePointer(bitPattern: -1), to: sqlite3_destructor_type.self)

    private static func bind(_ value: RawValue, to index: Int32, of statement: OpaquePointer) {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .number(let number): sqlite3_bind_double(statement, index, number)
        case .text(let text): sqlite3_bind_text(statement, index, text, -1, copied)
        case .blob(let bytes): sqlite3_bind_blob(statement, index, bytes, Int32(bytes.count), copied)
        }
    }

    private static func value(of statement: OpaquePointer, column: Int32) -> RawValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER, SQLITE_FLOAT:
            return .number(sqlite3_column_double(statement, column))
        case SQLITE_NULL:
            return .null
        default:
            let count = Int(sqlite3_column_bytes(statement, column))
            return .blob([UInt8](UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: count)))
        }
    }

    /// A path as it stands in a URI.
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
