import Platform
import TaskRun
import Text

/// A statement of this store: the text, and the name under which a session keeps it prepared.
struct Statement: Sendable {
    /// Unique among the store's statements; empty for a text that is used once.
    let name: String
    /// The text, with `$1`, `$2` … for values.
    ///
    /// It begins with the name in a comment, by which an unprepared statement can be found in the server's log.
    let sql: String
    /// Whether rows come in binary form, for statements that return many: numbers and moments are read without parsing.
    let isBinary: Bool

    /// A statement that each session prepares once.
    init(_ name: String, isBinary: Bool = false, _ sql: String) {
        self.name = name
        self.sql = name.isEmpty ? sql : "/* \(name) */ \(sql)"
        self.isBinary = isBinary
    }

    /// The statement of a file under `SQL`, without the comment at its beginning, which is for readers.
    init(_ name: String, _ file: [UInt8], isBinary: Bool = false) {
        self.init(name, isBinary: isBinary, StatementFile.statement(file))
    }

    /// A statement that is planned each time it is used.
    init(once sql: String) { self.init("", sql) }

    init(once file: [UInt8], isBinary: Bool = false) { self.init("", file, isBinary: isBinary) }
}

/// One statement with its values, ready to be sent.
struct Request: Sendable {
    let statement: Statement
    /// The values in text form; nil is NULL.
    let values: [String?]

    init(_ statement: Statement, _ values: [String?] = []) {
        self.statement = statement
        self.values = values
    }

    var isBegin: Bool { [Self.begin, Self.beginSnapshot].contains { $0.statement.name == statement.name } }

    static let begin = Request(SessionSQL.begin)
    /// Begins a transaction that only reads, all at one moment.
    static let beginSnapshot = Request(SessionSQL.beginSnapshot)
    static let commit = Request(SessionSQL.commit)
    /// Sets a savepoint.
    static let mark = Request(SessionSQL.mark)
    /// Undoes everything since the savepoint.
    static let undo = Request(SessionSQL.undo)
    /// Drops the savepoint, and keeps the work since then.
    static let keep = Request(SessionSQL.keep)
    static let rollback = Request(SessionSQL.rollback)
}

/// Swift values in PostgreSQL's text form.
enum SQLText {
    /// An array of whole numbers: `{1,2}`.
    static func array(_ values: some Sequence<Int64>) -> String {
        var text = "{"
        for value in values {
            if text.utf8.count > 1 { text.append(",") }
            text.append(value.description)
        }
        return text + "}"
    }

    /// An array of texts: `{"a","b",NULL}`; nil is NULL.
    static func array(_ values: some Sequence<String?>) -> String {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for value in values {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            guard let value else {
                text.append(contentsOf: "NULL".utf8)
                continue
            }
            text.append(UInt8(ascii: "\""))
            for byte in value.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "}"))
        return String(decoding: text, as: UTF8.self)
    }

    /// A moment in seconds since 1970, for `to_timestamp`; nil is NULL.
    static func moment(_ date: Date?) -> String? { date.map { String($0.timeIntervalSince1970) } }

    /// A length of time in seconds.
    static func seconds(_ duration: Duration) -> String { String(duration / .seconds(1)) }
}
