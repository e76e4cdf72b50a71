import Platform

/// What runs write about their tasks in `task_measures` and `task_totals`.
///
/// No task depends on it. A write waits for a lock no longer than a moment, and then throws an error with `isPassing`.
/// The deciding clock is the database's on PostgreSQL and the machine's on SQLite. Every function throws
/// ``StoreError``.
public protocol MeasureTable: Sendable {
    /// Adds to the present minute, and to the totals, what the tasks of a host did.
    ///
    /// - Parameters:
    ///   - measures: What they did, each name and queue once.
    ///   - host: The host's name.
    /// - Throws: What the database reports; nothing was added then.
    func add(_ measures: [TaskMeasure], of host: String) async throws(StoreError)

    /// Removes measures that are a week old, and totals to which nothing was added for a year: at most 20,000 of each.
    func pruneMeasures() async throws(StoreError)
}

/// What people ask about measures.
public protocol MeasureAdministration: Sendable {
    /// What was measured, from so long ago until now.
    func measures(_ request: MeasureRequest) async throws(StoreError) -> MeasureReport

    /// The totals of all hosts and all time, by task name and queue.
    func totals() async throws(StoreError) -> [TaskMeasure]

    /// Since when the oldest task of each queue is due that a run could claim now; queues without such a task are left
    /// out.
    ///
    /// Left out are tasks of paused queues, at a limit, behind another task of their lock key, and those that wait for
    /// a batch.
    ///
    /// - Parameter names: The task names that a host has a handler for.
    /// - Returns: The queues, by name.
    /// - Throws: What the database reports.
    func oldestClaimable(names: [String]) async throws(StoreError) -> [ClaimableQueue]
}

// For a store that keeps no measures.
extension MeasureTable {
    /// Does nothing.
    public func add(_ measures: [TaskMeasure], of host: String) async throws(StoreError) {}

    /// Does nothing.
    public func pruneMeasures() async throws(StoreError) {}
}

extension MeasureAdministration {
    /// Knows of nothing.
    public func measures(_ request: MeasureRequest) async throws(StoreError) -> MeasureReport {
        MeasureReport(request, now: Date())
    }

    /// Knows of nothing.
    public func totals() async throws(StoreError) -> [TaskMeasure] { [] }

    /// Knows of nothing.
    public func oldestClaimable(names: [String]) async throws(StoreError) -> [ClaimableQueue] { [] }
}
