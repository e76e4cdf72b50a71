/// One line of `taskrun check`.
public struct Finding: Sendable, Equatable {
    /// How serious it is.
    public enum Level: String, Sendable, Codable, Comparable {
        /// As it should be.
        case ok
        /// Works, but should be looked at.
        case warning
        /// Does not work.
        case error

        /// ok, warning, error.
        public static func < (one: Level, other: Level) -> Bool { one.rank < other.rank }
        private var rank: Int { self == .ok ? 0 : self == .warning ? 1 : 2 }
    }

    /// How serious it is.
    public let level: Level
    /// What was looked at, in a word or two: `journal mode`.
    public let subject: String
    /// What was found.
    public let found: String
    /// What to do; nil where there is nothing to do.
    public let advice: String?

    /// Creates a finding.
    public init(_ level: Level, _ subject: String, _ found: String, advice: String? = nil) {
        self.level = level
        self.subject = subject
        self.found = found
        self.advice = advice
    }
}
