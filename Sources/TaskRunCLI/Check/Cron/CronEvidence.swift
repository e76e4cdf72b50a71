import Platform
import TaskRun
import Text

/// What the table of runs says about lines that start runs: when they last did, and how that ended.
struct CronEvidence {
    /// The newest runs, or nil if they cannot be read.
    let list: RunList?
    /// This host's name.
    let host: String
    /// Whether a run is alive, as far as this host can see.
    let life: (String?) -> RunLife

    /// How long a line of each minute may be silent: as long as a run with a row of its own.
    private static let longestSilence: TimeInterval = RunRow.longestSilence

    /// What is known of one line.
    enum State: Equatable {
        /// The runs cannot be read, or none can be told to be the line's.
        case unknown
        /// No run of the line has been recorded.
        case never
        /// The newest run of the line.
        case last(RunRow, ago: TimeInterval, isRunning: Bool)
    }

    /// The newest run of a line.
    ///
    /// - Parameters:
    ///   - run: What the line starts.
    ///   - user: As whom, or nil if that is not known.
    /// - Returns: What the table says about it.
    func state(of run: CronRun, user: String?) -> State {
        guard let list, !run.isUnknown else { return .unknown }
        let words = RunRecord.shown([run.program] + run.arguments)
        let origin = user.map { RunRecord.origin(host: host, user: $0, folder: PathText.real(run.folder), words) }
        let command = RunRecord.command(words)
        let row = list.rows.first { row in
            // By its mark the line is known for sure; started by sudo, it has another user.
            run.isForOther || origin == nil
                ? row.record.host == host && row.record.command == command : row.record.origin == origin
        }
        guard let row, let seen = row.seenAt else { return .never }
        let isRunning = row.standing(at: list.now, life: life(row.record.run)) == .running
        return .last(row, ago: max(0, list.now.timeIntervalSince(seen)), isRunning: isRunning)
    }

    /// Why a line that looks right does not do what it should, or nil if nothing speaks against it.
    ///
    /// - Parameters:
    ///   - state: What is known of the line.
    ///   - age: How long it has been there, or nil if that is not known.
    ///   - version: This program's version.
    /// - Returns: The trouble.
    static func trouble(_ state: State, age: TimeInterval?, version: String) -> CronTrouble? {
        let log = "See what cron says: journalctl -u cron -u crond, or grep CRON /var/log/syslog."
        switch state {
        case .unknown:
            return nil
        case .never:
            guard let age, age > longestSilence else { return nil }
            return CronTrouble("no run of it was ever recorded", advice: log)
        case .last(let row, let ago, let isRunning):
            let before = "its last run, \(text(ago)) ago,"
            if !isRunning, ago > longestSilence {
                return CronTrouble("its last run was \(text(ago)) ago", advice: log)
            }
            if let error = row.error { return CronTrouble("\(before) was ended by an error: \(error.gist)") }
            if let status = row.exitStatus, status != 0 {
                return CronTrouble("\(before) ended with exit status \(status)", advice: "Run its command by hand.")
            }
            guard row.record.version != version else { return nil }
            let found = "\(before) was of version \(row.record.version), and this is \(version)"
            return CronTrouble(found, advice: "Install one version, and let the line name it.")
        }
    }

    /// For people, behind what a line starts.
    static func text(_ state: State) -> String {
        switch state {
        case .unknown: ""
        case .never: "; no run of it is recorded yet"
        case .last(_, ago: _, isRunning: true): "; its run is at work"
        case .last(_, let ago, isRunning: false): "; its last run was \(text(ago)) ago"
        }
    }

    private static func text(_ seconds: TimeInterval) -> String {
        DurationText.age(.milliseconds(Int64(seconds * 1000)))
    }

    /// How many runs of one line within the hour show that something starts them again and again.
    private static let fewestRuns: Int64 = 3

    /// The newest run that something else than a line of this host starts regularly, and how long ago it was there.
    ///
    /// One that a person has started does not count: a run goes on, or there were three of its kind within the hour.
    var regular: (row: RunRow, ago: TimeInterval)? {
        guard let list else { return nil }
        let recent = list.rows.filter { row in row.seenAt.map { list.now.timeIntervalSince($0) < 3600 } ?? false }
        let counts = Dictionary(grouping: recent, by: \.record.origin).mapValues { rows in
            rows.reduce(Int64(0)) { $0 + $1.runs }
        }
        return recent.lazy.compactMap { row -> (row: RunRow, ago: TimeInterval)? in
            let isRunning = row.standing(at: list.now, life: life(row.record.run)) == .running
            let isOften = counts[row.record.origin] ?? 0 >= Self.fewestRuns
            guard let seen = row.seenAt, isOften || isRunning else { return nil }
            let ago = max(0, list.now.timeIntervalSince(seen))
            return ago <= Self.longestSilence ? (row, ago) : nil
        }.first
    }
}
