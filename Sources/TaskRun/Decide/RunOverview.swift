public import Platform
import Text

/// What became of a run.
public enum RunStanding: String, Sendable {
    /// It goes on.
    case running
    /// It did not write that it ended, and it is dead or has not written for five minutes.
    case lost
    /// It has ended well.
    case ended
    /// An error ended it early, or its exit status is not 0.
    case failed
    /// It and others of its crontab line found nothing to do.
    case idle
}

extension RunRow {
    /// How long a run may be silent: it writes once a minute.
    public static let longestSilence: TimeInterval = 300

    /// Decides what became of the run.
    ///
    /// - Parameters:
    ///   - now: The moment at which the row was read, on the clock that wrote it.
    ///   - life: Whether the run is alive, as far as this host can see.
    /// - Returns: What became of it.
    public func standing(at now: Date, life: RunLife) -> RunStanding {
        if error != nil || exitStatus.map({ $0 != 0 }) ?? false { return .failed }
        if isIdle { return .idle }
        if endedAt != nil { return .ended }
        switch life {
        case .alive: return .running
        case .dead: return .lost
        case .unknown:
            guard let seenAt else { return .lost }
            return now.timeIntervalSince(seenAt) <= Self.longestSilence ? .running : .lost
        }
    }
}

/// What the runs of all hosts do at one moment, for one sentence and for alarms.
public struct RunOverview: Sendable {
    /// Why a person must look at cron.
    public enum Absence: Sendable, Equatable {
        /// The last run was there so long ago.
        case silent(Duration, last: RunRow)
        /// No run has ever been recorded, and something is due.
        case never
    }

    /// How long there may be no run while something is due: cron starts one each minute.
    public static let longestAbsenceWhenDue = Duration.seconds(300)
    /// How long there may be no run while nothing is due.
    public static let longestAbsence = Duration.seconds(3600)

    /// How many of the newest runs are looked at.
    public static let mostRuns = 1_000

    /// The runs that go on.
    public let live: [RunRow]
    /// The one that was there last, or nil if none was recorded.
    public let last: RunRow?
    /// How long ago that was.
    public let lastAge: Duration?
    /// How many handlers the hosts of the live runs can run at once.
    public let slots: Int
    /// How many tasks are being performed.
    public let running: Int
    /// How many tasks are held by runs while no handler works on them: they wait for a slot, or for recovery.
    public let claimed: Int
    /// Why a person must look at cron, or nil if there is no reason.
    public let absence: Absence?

    /// How many tasks each holder performs, by the text of its run.
    private let runningByOwner: [String?: Int]

    /// Sums up.
    ///
    /// A live run performs as many of its tasks as it has slots, and all runs of a host share the slots of the host. A
    /// lost run performs nothing. A holder without a row, as `taskrun add --wait`, performs one task.
    ///
    /// - Parameters:
    ///   - list: The newest runs.
    ///   - holders: Who holds tasks.
    ///   - isAnythingDue: Whether a task is due.
    ///   - life: Whether a run is alive, as far as this host can see.
    public init(
        _ list: RunList,
        holders: [TableSummary.Holder],
        isAnythingDue: Bool,
        life: (String?) -> RunLife
    ) {
        let live = list.rows.filter { $0.standing(at: list.now, life: life($0.record.run)) == .running }
        let owners = Dictionary(live.map { ($0.record.run, $0.record) }) { first, _ in first }
        let known = Set(list.rows.map(\.record.run))
        let ofHosts = Dictionary(live.map { ($0.record.host, $0.record.slots) }) { max($0, $1) }
        var left = ofHosts
        var runningByOwner: [String?: Int] = [:]
        for holder in holders where life(holder.owner) != .dead {
            guard let record = holder.owner.flatMap({ owners[$0] }) else {
                let isLost = holder.owner.map(known.contains) ?? false
                runningByOwner[holder.owner] = isLost ? 0 : min(1, holder.tasks)
                continue
            }
            let count = min(holder.tasks, record.slots, left[record.host] ?? 0)
            left[record.host, default: 0] -= count
            runningByOwner[holder.owner] = count
        }
        self.live = live
        self.runningByOwner = runningByOwner
        slots = ofHosts.values.reduce(0, +)
        running = runningByOwner.values.reduce(0, +)
        claimed = holders.reduce(0) { $0 + $1.tasks } - running
        last = list.rows.first { $0.seenAt != nil }
        lastAge = last.flatMap(\.seenAt).map { .milliseconds(Int64(max(0, list.now.timeIntervalSince($0)) * 1000)) }
        absence = Self.absence(last, lastAge, isAnythingDue: isAnythingDue, isAnyLive: !live.isEmpty)
    }

    private static func absence(
        _ last: RunRow?,
        _ age: Duration?,
        isAnythingDue: Bool,
        isAnyLive: Bool
    ) -> Absence? {
        guard let last, let age else { return isAnythingDue ? .never : nil }
        guard !isAnyLive, age > (isAnythingDue ? longestAbsenceWhenDue : longestAbsence) else { return nil }
        return .silent(age, last: last)
    }

    /// How many tasks a holder performs.
    public func running(of owner: String?) -> Int { runningByOwner[owner] ?? 0 }
}
