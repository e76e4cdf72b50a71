public import Platform

/// What people do with the table by hand: add, look, send back, remove, set up.
///
/// Every store has it beside ``TaskStore``.
///
/// Every function throws ``StoreError``.
public protocol TaskDesk: TaskStore {
    /// Adds tasks in one transaction: all or none.
    ///
    /// A task with a `dedupe_key` is not added where an equal one waits, of the same name and key: its number is
    /// returned instead. An equal one that is PROCESSING does not count: it may have read old data.
    ///
    /// - Returns: Their numbers, in order, and which of them are new.
    /// - Throws: ``StoreError/Code/refused`` for a name, payload or value that the table does not take.
    func addEach(_ tasks: [NewTask]) async throws(StoreError) -> [AddedTask]

    /// Adds tasks as a source gives them, in one transaction and in constant memory: all of them, or, where the source is
    /// lenient, all that the table takes.
    ///
    /// While it waits for the source's first batch no transaction is open; on SQLite none is until the last one has come.
    ///
    /// - Returns: Whether they were added; false where the source stopped or a task was refused, and nothing was added.
    func add(from source: any TaskSource) async throws(StoreError) -> Bool

    /// Rows by the filter, by number, smallest first.
    func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow]

    /// Counts by queue, name and state, who holds leases, who holds the horizon, and which queues are paused.
    func summary() async throws(StoreError) -> TableSummary

    /// What is known of the tasks with these tokens, while they are there and after their end; those of which nothing is
    /// known are left out.
    ///
    /// A task that is in the table goes before the result of an earlier one with its token.
    func states(of tokens: [String]) async throws(StoreError) -> [TokenState]

    /// The token of a task with this name and payload that ended COMPLETE within a length of time, the last one; nil:
    /// there is none.
    func reusable(name: String, dataHash: String, within age: Duration) async throws(StoreError) -> String?

    /// Claims one WAITING row by its number, if its `run_at` has come, no run died with it in hand, and its queue is open.
    ///
    /// - Returns: The task; nil: it cannot be claimed.
    func claim(id: Int64, owner: String, lease: Duration) async throws(StoreError) -> ClaimedTask?

    /// Cancels tasks: a WAITING row goes at once, and leaves a result CANCELLED if it has a token; a PROCESSING one gets
    /// `cancel_requested_at`, which its run looks at; others are not touched. A batch whose last open row goes ends with it, as by
    /// ``TaskStore/settle(_:thenClaim:now:)``.
    ///
    /// - Parameters:
    ///   - targets: The tasks.
    ///   - retention: How long the results are kept.
    /// - Returns: What became of each, in their order.
    /// - Throws: ``StoreError/Code/locked`` where an SQL file that is running holds the row for too long.
    func cancel(_ targets: [CancelTarget], retention: ResultRetention) async throws(StoreError) -> [CancelOutcome]

    /// Sends FAILED rows back to WAITING, due at once, with `attempts` and `crashes` 0; others are not touched. The
    /// results that they left are removed.
    ///
    /// One whose equal (the same name and `dedupe_key`) waits stays FAILED; of equal FAILED ones one is sent back. An
    /// `expires_at` that has passed is taken away.
    ///
    /// By name or all, this takes a transaction for each 10,000 rows at most, so an error may come after a part was sent back.
    ///
    /// - Parameters:
    ///   - selection: Which.
    ///   - part: Gets the numbers that a transaction has sent back, at its end.
    /// - Returns: The numbers of those sent back, smallest first.
    /// - Throws: What the database reports.
    func retry(
        _ selection: FailedSelection,
        each part: @Sendable ([Int64]) -> Void
    ) async throws(StoreError) -> [Int64]

    /// Makes WAITING rows due now whose `run_at` is later; others are not touched. Attempts stay counted, and the order of
    /// lock keys holds.
    ///
    /// - Returns: The numbers of those that are due now, smallest first.
    func hasten(_ ids: [Int64]) async throws(StoreError) -> [Int64]

    /// Removes rows that are not PROCESSING.
    ///
    /// - Returns: The numbers of those removed, smallest first.
    func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64]

    /// Pauses a queue, whether it has tasks or not; one that is paused already gets the new end and words.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - time: For how long from now, on the deciding clock; nil: until it is resumed.
    ///   - why: Why, for people.
    ///   - who: Who does it, for people.
    /// - Throws: ``StoreError/Code/refused`` for a name that no queue can have.
    func pause(_ queue: String, for time: Duration?, why: String?, by who: String?) async throws(StoreError)

    /// The queues that are paused at this moment, by name.
    func pausedQueues() async throws(StoreError) -> [PausedQueue]

    /// Resumes queues; others are not touched.
    ///
    /// - Returns: Those that were paused until now, by name.
    func resume(_ queues: [String]) async throws(StoreError) -> [String]

    /// Sets or removes a limit; what is begun already is not touched.
    ///
    /// - Parameter limit: The limit; without any number it is removed.
    /// - Throws: ``StoreError/Code/refused`` for a name that cannot be, or a negative number.
    func setLimit(_ limit: TaskLimit) async throws(StoreError)

    /// Creates or upgrades the tables, in one transaction. Two at once queue up, and the second has nothing to do.
    ///
    /// - Returns: What was run, oldest first; empty where the schema was the newest.
    /// - Throws: ``StoreError/Code/schema`` for a newer database, an edited migration or a foreign table; nothing is touched.
    func migrate() async throws(StoreError) -> [SchemaVersion]

    /// Every schema version this program knows, and which of them the database has. Touches nothing.
    ///
    /// - Throws: As ``migrate()``.
    func schemaVersions() async throws(StoreError) -> [SchemaVersion]

    /// Whether the database tells waiting runs of new tasks; nil where they see each change without that.
    func notifies() async throws(StoreError) -> Bool?

    /// Makes the database tell waiting runs of new tasks, or no longer. Tables of the newest version must be there.
    ///
    /// - Returns: Whether anything had to be changed.
    /// - Throws: ``StoreError/Code/refused`` where waiting runs see each change without that.
    func setNotify(_ isOn: Bool) async throws(StoreError) -> Bool

    /// What `taskrun check` says about this database: version, journal mode, clock, anything that looks wrong.
    func findings() async throws(StoreError) -> [Finding]
}

extension TaskDesk {
    /// Adds tasks in one transaction: all or none; see ``addEach(_:)``.
    ///
    /// - Returns: Their numbers, in order; that of the equal one that waits for a task that was not added.
    public func add(_ tasks: [NewTask]) async throws(StoreError) -> [Int64] { try await addEach(tasks).map(\.id) }
}

/// A task to be added; nil leaves the column's default.
public struct NewTask: Sendable, Equatable {
    /// The task name.
    public var name: String
    /// The payload: any JSON value; default `{}`.
    public var data: String
    /// The queue; default `default`.
    public var queue: String?
    /// Smaller runs first; default 0.
    public var priority: Int?
    /// Not before this moment; default now.
    public var runAt: Date?
    /// Not before this long from now, on the deciding clock; goes before `runAt`.
    public var delay: Duration?
    /// The row's own limit of attempts, at least 1.
    public var maxAttempts: Int?
    /// The row's own time limit in whole seconds, at least 1.
    public var timeoutSeconds: Int?
    /// Of one name and key at most one task waits; 1 to 200 characters.
    public var dedupeKey: String?
    /// Tasks with one key run one after the other, in order; 1 to 200 characters.
    public var lockKey: String?
    /// Not begun by this moment, the task becomes FAILED.
    public var expiresAt: Date?
    /// Not begun this long from now, on the deciding clock, the task becomes FAILED; goes before `expiresAt`.
    public var expiresAfter: Duration?
    /// What the result is found by, 1 to 200 characters; no two tasks in the table have the same.
    public var token: String?
    /// The batch that it belongs to; 1 to 200 characters.
    public var batch: String?
    /// Not before all tasks of this batch have ended; such a task has no lock key.
    public var afterBatch: String?

    /// Creates a task to be added.
    public init(
        name: String,
        data: String = "{}",
        queue: String? = nil,
        priority: Int? = nil,
        runAt: Date? = nil,
        delay: Duration? = nil,
        maxAttempts: Int? = nil,
        timeoutSeconds: Int? = nil,
        dedupeKey: String? = nil,
        lockKey: String? = nil,
        expiresAt: Date? = nil,
        expiresAfter: Duration? = nil,
        token: String? = nil,
        batch: String? = nil,
        afterBatch: String? = nil
    ) {
        self.name = name
        self.data = data
        self.queue = queue
        self.priority = priority
        self.runAt = runAt
        self.delay = delay
        self.maxAttempts = maxAttempts
        self.timeoutSeconds = timeoutSeconds
        self.dedupeKey = dedupeKey
        self.lockKey = lockKey
        self.expiresAt = expiresAt
        self.expiresAfter = expiresAfter
        self.token = token
        self.batch = batch
        self.afterBatch = afterBatch
    }
}

/// Which rows to list; nil: any.
public struct TaskFilter: Sendable, Equatable {
    /// In this state.
    public var status: TaskStatus?
    /// Of this name.
    public var name: String?
    /// In this queue.
    public var queue: String?
    /// At most this many; default 100.
    public var limit: Int
    /// Only those with a greater number; default: all.
    public var after: Int64
    /// Whether the payload is read; else ``TaskRow/data`` is empty.
    public var hasData: Bool
    /// Fewer rows are given where their payloads, as they are stored, have more bytes than this, and one at least; nil: all.
    public var bytes: Int?

    /// Creates a filter.
    public init(
        status: TaskStatus? = nil,
        name: String? = nil,
        queue: String? = nil,
        limit: Int = 100,
        after: Int64 = .min,
        hasData: Bool = true,
        bytes: Int? = nil
    ) {
        self.status = status
        self.name = name
        self.queue = queue
        self.limit = limit
        self.after = after
        self.hasData = hasData
        self.bytes = bytes
    }
}

/// Which FAILED rows to send back.
public enum FailedSelection: Sendable, Equatable {
    /// These numbers.
    case ids([Int64])
    /// All of this name.
    case name(String)
    /// All.
    case all
}

/// One version of the schema.
public struct SchemaVersion: Sendable, Equatable {
    /// The version, from 1.
    public let version: Int
    /// What it does, in words joined by underscores.
    public let name: String
    /// Whether the database has it.
    public let isApplied: Bool

    /// Creates a version from its parts.
    public init(version: Int, name: String, isApplied: Bool) {
        self.version = version
        self.name = name
        self.isApplied = isApplied
    }
}

extension TaskDesk {
    /// Sends FAILED rows back to WAITING: see ``retry(_:each:)``.
    ///
    /// - Returns: The numbers of those sent back, smallest first.
    /// - Throws: What the database reports.
    public func retry(_ selection: FailedSelection) async throws(StoreError) -> [Int64] {
        try await retry(selection) { _ in }
    }
}
