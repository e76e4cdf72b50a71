/// One line of `taskrun check`.
public struct Finding: Sendable, Equatable {
    /// How serious it is.
    public enum Level: String, Sendable, Codable, Comparable {
        /// All is well.
        case ok
        /// It works, but a person should look at it.
        case warning
        /// It does not work.
        case error

        /// Orders levels: ok, warning, error.
        public static func < (one: Level, other: Level) -> Bool { one.rank < other.rank }
        private var rank: Int { self == .ok ? 0 : self == .warning ? 1 : 2 }
    }

    /// How serious it is.
    public let level: Level
    /// What was checked, in a word or two: `journal mode`.
    public let subject: String
    /// What was found.
    public let found: String
    /// What to do, or nil if there is nothing to do.
    public let advice: String?
    /// The statements that mend it, to be run in their order; empty if there are none.
    public let sql: [String]

    /// Creates a finding.
    public init(_ level: Level, _ subject: String, _ found: String, advice: String? = nil, sql: [String] = []) {
        self.level = level
        self.subject = subject
        self.found = found
        self.advice = advice
        self.sql = sql
    }
}
