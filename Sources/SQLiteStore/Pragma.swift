/// The statements that are no files: settings of a connection, and the ends of a transaction.
///
/// A PRAGMA takes no parameters, so a value stands in its text.
enum Pragma {
    static let journalMode = "PRAGMA journal_mode"
    static let writeAheadLog = "PRAGMA journal_mode = WAL"
    static let synchronous = "PRAGMA synchronous"
    static let encoding = "PRAGMA encoding"
    static let schemaVersion = "PRAGMA schema_version"
    /// Rises when another connection commits.
    static let dataVersion = "PRAGMA data_version"
    static let begin = "BEGIN"
    static let commit = "COMMIT"

    static func synchronous(_ level: Synchronous) -> String { "\(synchronous) = \(level.number)" }

    static func temporaryStore(_ place: TemporaryStore) -> String { "PRAGMA temp_store = \(place.rawValue)" }

    /// How long another program's lock is waited for.
    static func patience(_ time: Duration) -> String { "PRAGMA busy_timeout = \(Int(time / .milliseconds(1)))" }
}
