/// What people do with the tables by hand, by topic.
///
/// A run needs none of it: its protocol is ``TaskStore``. Every function throws ``StoreError``.
public typealias Administration = TaskAdministration & ResultAdministration & QueueAdministration & RunAdministration
    & HistoryAdministration & MeasureAdministration & SchemaAdministration

/// A database with the tables, for a program that both runs tasks and serves people.
public typealias TaskDatabase = TaskStore & Administration

/// What people do with tasks by hand: add, list, cancel, retry, delete.
///
/// Every function throws ``StoreError``.
public protocol TaskAdministration: Sendable {
    /// Adds tasks in one transaction: all or none.
    ///
    /// A task with a `dedupe_key` is not added if an equal task waits, with the same name and key. The `id` of that
    /// task is returned instead. An equal task that is PROCESSING does not count: it may have read old data.
    ///
    /// - Returns: The `id` of each task, in order, and whether it is new.
    /// - Throws: ``StoreError/Code/refused`` for a name, payload or value that the table does not accept.
    func addEach(_ tasks: [NewTask]) async throws(StoreError) -> [AddedTask]

    /// Adds tasks from a source in one transaction and in constant memory.
    ///
    /// It adds all of them or, if the source is lenient, all that the table accepts. No transaction is open while it
    /// waits for the source's first batch; on SQLite none is open until the last batch has come.
    ///
    /// - Returns: Whether they were added; false if the source stopped or a task was refused, and nothing was added.
    func add(from source: any TaskSource) async throws(StoreError) -> Bool

    /// The rows that the filter selects, by `id`.
    ///
    /// With ``TaskFilter/bytes`` there may be fewer rows than there are: list those behind the last one then.
    func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow]

    /// The tasks that the filter selects, by `id`, without the rest of their rows.
    func matching(_ filter: TaskFilter) async throws(StoreError) -> [MatchedTask]

    /// FAILED tasks that are kept no longer, at most this many: see ``TaskStore/removeOldFailed(_:limit:)``.
    func oldFailed(_ keep: ResultRetention, limit: Int) async throws(StoreError) -> [MatchedTask]

    /// The batches that have tasks, or that tasks wait for, by name.
    ///
    /// - Parameters:
    ///   - batch: Only this one, or nil for all.
    ///   - limit: At most so many.
    /// - Returns: The batches.
    /// - Throws: ``StoreError/Code/locked`` if it takes longer than 2 s.
    func batches(_ batch: String?, limit: Int) async throws(StoreError) -> [BatchRow]

    /// Counts by queue, name and state, the holders of leases, the holder of the horizon, and the paused queues.
    func summary() async throws(StoreError) -> TableSummary

    /// What is known about why tasks are not running, all at one moment; ``Reason`` is decided from it.
    ///
    /// For waiting tasks of a queue or name, at most so many rows are looked at, however many there are.
    func facts(_ selection: WaitFacts.Selection) async throws(StoreError) -> WaitFacts

    /// Cancels tasks: WAITING ones immediately, PROCESSING ones by a request to their run.
    ///
    /// A WAITING row is deleted, and leaves a result CANCELLED if it has a token. A PROCESSING row gets
    /// `cancel_requested_at`, which its run looks at. Other rows are not touched. If the last open row of a batch is
    /// deleted, the batch ends, as in ``TaskStore/settle(_:thenClaim:now:)``.
    ///
    /// - Parameters:
    ///   - targets: The tasks.
    ///   - retention: How long the results are kept.
    /// - Returns: The outcome for each, in their order.
    /// - Throws: ``StoreError/Code/locked`` if a running SQL file holds the row for too long.
    func cancel(_ targets: [CancelTarget], retention: ResultRetention) async throws(StoreError) -> [CancelOutcome]

    /// Makes FAILED rows WAITING and due at once, with `attempts` and `crashes` 0; other rows are not touched.
    ///
    /// The results that they left are removed. A row stays FAILED if its equal (the same name and `dedupe_key`) waits.
    /// Of equal FAILED rows one becomes WAITING. An `expires_at` that lies in the past is removed.
    ///
    /// By name or for all rows, it uses one transaction per 10,000 rows at most, so an error may come after some of
    /// them.
    ///
    /// - Parameters:
    ///   - selection: Which rows.
    ///   - part: Receives the `id`s that a transaction has changed, at its end.
    /// - Returns: The `id`s of the rows that are WAITING again, smallest first.
    /// - Throws: What the database reports.
    func retry(
        _ selection: FailedSelection,
        each part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64]

    /// Makes WAITING rows due now if their `run_at` is later; other rows are not touched.
    ///
    /// Attempts stay counted, and the order of lock keys holds.
    ///
    /// - Returns: The `id`s of the rows that are due now, smallest first.
    func hasten(_ ids: [Int64]) async throws(StoreError) -> [Int64]

    /// Removes rows that are not PROCESSING.
    ///
    /// - Returns: The `id`s of the removed rows, smallest first.
    func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64]
}

/// What people ask about results: the state of a token, and whether an earlier result can be used again.
///
/// Every function throws ``StoreError``.
public protocol ResultAdministration: Sendable {
    /// The states of the tasks with these tokens, while they exist and after their end; unknown tokens are left out.
    ///
    /// A task that is in the table takes precedence over the result of an earlier task with its token.
    func states(of tokens: [String]) async throws(StoreError) -> [TokenState]

    /// The token of the last task with this name and payload that ended COMPLETE within a length of time, or nil if
    /// there is none.
    func reusable(name: String, dataHash: String, within age: Duration) async throws(StoreError) -> String?
}

/// What people do with queues and limits: pause, resume, limit.
///
/// Every function throws ``StoreError``.
public protocol QueueAdministration: Sendable {
    /// Pauses a queue, whether it has tasks or not; a queue that is paused already gets the new end and texts.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - time: For how long from now, on the deciding clock, or nil for until it is resumed.
    ///   - why: The reason, for people.
    ///   - who: Who pauses it, for people.
    /// - Throws: ``StoreError/Code/refused`` for a name that no queue can have.
    func pause(_ queue: String, for time: Duration?, why: String?, by who: String?) async throws(StoreError)

    /// The queues that are paused at this moment, by name.
    func pausedQueues() async throws(StoreError) -> [PausedQueue]

    /// Resumes queues; others are not touched.
    ///
    /// - Returns: The queues that were paused until now, by name.
    func resume(_ queues: [String]) async throws(StoreError) -> [String]

    /// Sets or removes a limit; tasks that have begun already are not touched.
    ///
    /// - Parameter limit: The limit; one without any number is removed.
    /// - Throws: ``StoreError/Code/refused`` for an impossible name, or a negative number.
    func setLimit(_ limit: TaskLimit) async throws(StoreError)
}

/// What people do with the tables themselves: create, upgrade, check.
///
/// Every function throws ``StoreError``.
public protocol SchemaAdministration: Sendable {
    /// Creates or upgrades the tables, in one transaction.
    ///
    /// If two programs do it at once, the second one waits, and then has nothing to do.
    ///
    /// - Returns: The versions that were applied, oldest first; empty if the schema was the newest.
    /// - Throws: ``StoreError/Code/schema`` for a newer database, an edited migration or a foreign table; nothing is
    ///   changed.
    func migrate() async throws(StoreError) -> [SchemaVersion]

    /// Every schema version that this program knows, and which of them the database has.
    ///
    /// Nothing is changed.
    ///
    /// - Throws: As ``migrate()``.
    func schemaVersions() async throws(StoreError) -> [SchemaVersion]

    /// Whether the database notifies waiting runs of new tasks; nil for a database in which they see each change
    /// anyway.
    func notifies() async throws(StoreError) -> Bool?

    /// Makes the database notify waiting runs of new tasks, or stops that.
    ///
    /// Tables of the newest version must be there.
    ///
    /// - Returns: Whether anything had to be changed.
    /// - Throws: ``StoreError/Code/refused`` for a database in which waiting runs see each change anyway.
    func setNotify(_ isOn: Bool) async throws(StoreError) -> Bool

    /// The findings of `taskrun check` about this database: version, journal mode, clock, anything that looks wrong.
    func findings() async throws(StoreError) -> [Finding]
}

extension TaskAdministration {
    /// Adds tasks in one transaction: all or none; see ``addEach(_:)``.
    ///
    /// - Returns: The `id` of each, in order; for a task that was not added, that of the equal task that waits.
    public func add(_ tasks: [NewTask]) async throws(StoreError) -> [Int64] { try await addEach(tasks).map(\.id) }

    /// Makes FAILED rows WAITING again: see ``retry(_:each:)``.
    ///
    /// - Returns: The `id`s of the rows that are WAITING again, smallest first.
    /// - Throws: What the database reports.
    public func retry(_ selection: FailedSelection) async throws(StoreError) -> [Int64] {
        try await retry(selection) { _ in }
    }
}
