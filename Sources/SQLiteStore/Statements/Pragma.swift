import GRDB

/// The statements without a file: settings of a connection, and BEGIN and COMMIT.
///
/// A PRAGMA takes no parameters, so its text contains the value.
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

    private static func question<Value: ColumnValue>(_ name: StaticString, as: Value.Type) -> Query<Value> {
        Query(sql: "PRAGMA \(name)", column: name)
    }

    static func synchronous(_ level: Synchronous) -> Change { Change(sql: "PRAGMA synchronous = \(level.number)") }

    static func temporaryStore(_ store: TemporaryStore) -> Change {
        Change(sql: "PRAGMA temp_store = \(store.rawValue)")
    }

    /// How long to wait for another program's lock.
    static func patience(_ time: Duration) -> Change {
        Change(sql: "PRAGMA busy_timeout = \(Int((time / .milliseconds(1)).rounded()))")
    }
}

// Only the schema's version is kept prepared, as each claim reads it. SQLite obeys most PRAGMAs, and answers some,
// while it prepares them, so the others are prepared each time.
extension Database {
    func versionOfSchema() throws -> Int64 { try first(Pragma.schemaVersion) ?? 0 }

    func set(_ setting: Change) throws { try execute(sql: setting.sql) }

    func value<Value>(of setting: Query<Value>) throws -> Value? {
        try first(setting, by: makeStatement(sql: setting.sql))
    }
}
