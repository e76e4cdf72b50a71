import Platform

/// What runs write about themselves in `task_runs`, and what they read there about others.
///
/// No task depends on it. A write waits for a lock no longer than a moment, and then throws an error with `isPassing`.
/// The deciding clock is the database's on PostgreSQL and the machine's on SQLite. Every function throws
/// ``StoreError``.
public protocol RunTable: Sendable {
    /// Notes a run that found nothing to do, in the row that it shares with the other ones of its origin.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - age: How long ago it began.
    ///   - end: How it ended.
    /// - Throws: What the database reports.
    func noteIdle(_ run: RunRecord, age: Duration, end: RunEnd) async throws(StoreError)

    /// Adds the row of a run that works or stays.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - age: How long ago it began.
    ///   - counts: What it has done so far.
    ///   - end: How it ended, or nil if it goes on.
    /// - Returns: The number of the row.
    /// - Throws: What the database reports.
    func begin(_ run: RunRecord, age: Duration, counts: RunCounts, end: RunEnd?) async throws(StoreError) -> Int64

    /// Notes that a run is there, what it has done so far, and perhaps how it ended.
    ///
    /// - Parameters:
    ///   - row: The number of its row.
    ///   - counts: What it has done so far.
    ///   - end: How it ended, or nil if it goes on.
    /// - Returns: Whether the row is still there.
    /// - Throws: What the database reports.
    func note(_ row: Int64, counts: RunCounts, end: RunEnd?) async throws(StoreError) -> Bool

    /// Removes rows of runs that are a week old, and reports of unknown names that are a day old: at most 1,000 of each.
    func pruneRuns() async throws(StoreError)

    /// The task names that the runs of the last hour have handlers for.
    func servedNames() async throws(StoreError) -> ServedNames

    /// Takes names without a handler to be reported; each is given to one caller an hour.
    ///
    /// - Returns: Those that were not reported within the last hour.
    func takeReports(of names: [String]) async throws(StoreError) -> [String]
}

/// What people ask about runs.
public protocol RunAdministration: Sendable {
    /// The newest rows of `task_runs`, at most so many, those seen last first.
    func runs(limit: Int) async throws(StoreError) -> RunList
}

// For a store that keeps no record of runs.
extension RunTable {
    /// Does nothing.
    public func noteIdle(_ run: RunRecord, age: Duration, end: RunEnd) async throws(StoreError) {}

    /// Does nothing.
    public func begin(
        _ run: RunRecord,
        age: Duration,
        counts: RunCounts,
        end: RunEnd?
    ) async throws(StoreError) -> Int64 { 0 }

    /// Does nothing.
    public func note(_ row: Int64, counts: RunCounts, end: RunEnd?) async throws(StoreError) -> Bool { true }

    /// Does nothing.
    public func pruneRuns() async throws(StoreError) {}

    /// Knows no name.
    public func servedNames() async throws(StoreError) -> ServedNames { ServedNames([]) }

    /// Gives all names.
    public func takeReports(of names: [String]) async throws(StoreError) -> [String] { names }
}

extension RunAdministration {
    /// Knows no run.
    public func runs(limit: Int) async throws(StoreError) -> RunList { RunList(now: Date(), rows: []) }
}
