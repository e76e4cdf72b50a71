import TaskRun

/// Why a line does not start runs of these tables each minute.
struct CronTrouble: Equatable {
    /// What follows for the line.
    enum Kind: Equatable {
        /// It starts no run, or one that does not do what it should.
        case broken
        /// It starts runs, but not each minute.
        case seldom
        /// It starts runs of other tables.
        case elsewhere
    }

    var kind = Kind.broken
    var level = Finding.Level.warning
    /// For people, behind "but": `there is no user eve`.
    let found: String
    /// What to do, or nil if a right line says it best.
    var advice: String?

    init(_ found: String, _ kind: Kind = .broken, level: Finding.Level = .warning, advice: String? = nil) {
        (self.kind, self.level, self.found, self.advice) = (kind, level, found, advice)
    }
}
