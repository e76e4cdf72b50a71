/// The texts about runs that died or lost their leases while they held tasks.
package enum CrashText {
    /// The text for `last_error`: which run died, why it is thought dead, when that was seen, and how often in a row.
    ///
    /// - Parameters:
    ///   - row: The row that the run held.
    ///   - crashes: Crashes in a row, this one included.
    ///   - limit: The number at which the task becomes FAILED.
    ///   - now: When it was seen, in UTC.
    /// - Returns: One sentence, short enough for the column.
    static func error(for row: AbandonedRow, crashes: Int, limit: Int, seen now: String) -> String {
        let lease = row.leaseEnd.map { "its lease ended at \($0) UTC" } ?? "it left no lease"
        let reason = row.isOwnerDead ? "its process is gone" : lease
        let count = crashes >= limit ? "\(crashes) times in a row, given up" : "crash \(crashes) of \(limit) in a row"
        let run = RunIdentity.describe(owner: row.owner)
        return LastError.fit("\(run) died while it held this task (\(reason), seen \(now) UTC; \(count))")
    }

    /// Why a task is FAILED after this many crashes.
    package static func inARow(_ crashes: Int) -> String { "\(crashes) runs in a row died while they held this task" }

    /// Why a task with crashes is left to an ordinary run.
    package static let heldBefore = "a run that held it has died"

    /// The end of a task whose claim was taken over.
    package static let leaseLost = "the lease was lost, another run has the task"

    /// Says what this many lost leases mean: a run should lose none, so a person should know.
    ///
    /// - Parameters:
    ///   - count: How many leases were lost, at least one.
    ///   - setting: The name of the setting for the length of a lease.
    /// - Returns: Two sentences.
    package static func leasesLost(_ count: Int, setting: String) -> String {
        let what =
            count == 1
            ? "1 task may be performed twice: it lost its lease while it was being performed, "
                + "and another run takes it over"
            : "\(count) tasks may be performed twice: they lost their leases while they were being performed, "
                + "and another run takes them over"
        let causes = "the machine was asleep, its clock jumped, or the database was away for longer than the lease"
        return "\(what). Usual causes: \(causes) (setting \(setting))."
    }
}
