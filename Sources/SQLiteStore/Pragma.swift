import GRDB

/// The statements that are no files: settings of a connection, and the ends of a transaction.
///
/// A PRAGMA takes no parameters, so a value stands in its text.
enum Pragma {
    static let journalMode = question("journal_mode", as: String.self)
    static let writeAheadLog = Change(sql: "PRAGMA journal_mode = WAL")
    static let synchronous = question("synchronous", as: Int.self)
    static let encoding = question("encoding", as: String.self)
    static let schemaVersion = question("schema_version", as: Int64.self)
    /// Rises when another connection commits.
    static let dataVersion = question("data_version", as: Int64.self)
    static let begin = Change(sql: "BEGIN")
    static let commit = Change(sql: "COMMIT")

    private static func question<Value: ColumnValue>(_ name: String, as: Value.Type) -> Query<Value> {
        Query(sql: "PRAGMA \(name)", column: name)
    }

    static func synchronous(_ level: Synchronous) -> Change { Change(sql: "PRAGMA synchronous = \(level.number)") }

    static func temporaryStore(_ place: TemporaryStore) -> Change {
        Change(sql: "PRAGMA temp_store = \(place.rawValue)")
    }

    /// How long another program's lock is waited for.
    static func patience(_ time: Duration) -> Change {
        Change(sql: "PRAGMA busy_timeout = \(Int((time / .milliseconds(1)).rounded()))")
    }
}

// Nothing of this is kept prepared but the schema's version, which each claim reads: SQLite obeys most PRAGMAs, and answers some,
// while it prepares them.
extension Database {
    func versionOfSchema() throws -> Int64 { try first(Pragma.schemaVersion) ?? 0 }

    func set(_ setting: Change) throws { try execute(sql: setting.sql) }

    func value<Value>(of setting: Query<Value>) throws -> Value? {
        try first(setting, by: makeStatement(sql: setting.sql))
    }
}
