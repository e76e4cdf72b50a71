public import Platform

/// How a task ended, as the column `status` of `task_history` says it.
public enum HistoryStatus: String, Sendable, CaseIterable {
    /// The handler succeeded.
    case complete = "COMPLETE"
    /// It became FAILED: attempts used up, a permanent error, or too many crashes in a row.
    case failed = "FAILED"
    /// It became FAILED because it did not begin before its `expires_at`.
    case expired = "EXPIRED"
    /// It was cancelled.
    case cancelled = "CANCELLED"
    /// A hook kept it from being performed.
    case skipped = "SKIPPED"
    /// It gave way to a newer equal task.
    case replaced = "REPLACED"
    /// `taskrun delete` removed it, or it was FAILED for longer than such tasks are kept.
    case deleted = "DELETED"
}

/// A row of `task_history`: one end of a task.
public struct HistoryLine: Sendable, Equatable {
    /// Column `no`: rises with the ends.
    public var number: Int64
    /// Column `task_id`.
    public var id: Int64
    /// Column `task_name`.
    public var name: String
    /// Column `queue`.
    public var queue: String
    /// Column `status`: one of ``HistoryStatus``, unless another program wrote the row.
    public var status: String
    /// Column `attempts`.
    public var attempts: Int
    /// Column `waited`: from the moment when it was due to its last begin.
    public var waited: Duration?
    /// Column `ran`: how long the last attempt took.
    public var ran: Duration?
    /// Column `host`.
    public var host: String?
    /// Columns `exit_code`, `signal` and `peak_memory`.
    public var program: ProgramFacts
    /// Column `token`.
    public var token: String?
    /// Column `batch`.
    public var batch: String?
    /// Column `ended_at`.
    public var endedAt: Date?
}

/// A row of `task_failures`: a failed attempt.
public struct FailureLine: Sendable, Equatable {
    /// The most that are kept of one task.
    public static let most = 20

    /// Column `task_id`.
    public var id: Int64
    /// Column `task_name`.
    public var name: String
    /// Column `attempt`.
    public var attempt: Int
    /// Column `error`.
    public var error: String
    /// Column `ran`: how long it took.
    public var ran: Duration?
    /// Column `host`.
    public var host: String?
    /// Columns `exit_code`, `signal` and `peak_memory`.
    public var program: ProgramFacts
    /// Column `failed_at`.
    public var failedAt: Date?
}

/// Which lines of the history are wanted; a condition that is nil holds for all.
public struct HistoryFilter: Sendable, Equatable {
    /// The task's number.
    public var id: Int64?
    /// The task's token.
    public var token: String?
    /// The task's batch.
    public var batch: String?
    /// The task name.
    public var name: String?
    /// The queue.
    public var queue: String?
    /// How it ended.
    public var status: HistoryStatus?
    /// The earliest end.
    public var since: Date?
    /// Only lines before the one with this number: the next page.
    public var before: Int64?
    /// The most lines.
    public var limit: Int

    /// Creates a filter from its parts.
    public init(
        id: Int64? = nil,
        token: String? = nil,
        batch: String? = nil,
        name: String? = nil,
        queue: String? = nil,
        status: HistoryStatus? = nil,
        since: Date? = nil,
        before: Int64? = nil,
        limit: Int = 100
    ) {
        (self.id, self.token, self.batch, self.name) = (id, token, batch, name)
        (self.queue, self.status, self.since, self.before, self.limit) = (queue, status, since, before, limit)
    }

    /// Whether an index leads to the lines: few tasks can be meant.
    package var isKeyed: Bool { id != nil || token != nil || batch != nil }
}

/// All that is left of a task, the oldest first.
public struct TaskStory: Sendable, Equatable {
    /// Its ends.
    public var ends: [HistoryLine] = []
    /// Its failed attempts.
    public var failures: [FailureLine] = []

    /// Creates a story from its parts.
    public init(ends: [HistoryLine] = [], failures: [FailureLine] = []) {
        (self.ends, self.failures) = (ends, failures)
    }
}

extension HistoryLine {
    /// Reads a row of the statements that list the history.
    package init(_ row: some StoreRow) {
        self.init(
            number: row.integer("no"),
            id: row.integer("task_id"),
            name: row.text("task_name"),
            queue: row.text("queue"),
            status: row.text("status"),
            attempts: row.count("attempts"),
            waited: row.integerIfAny("waited_us").map { .microseconds($0) },
            ran: row.integerIfAny("ran_us").map { .microseconds($0) },
            host: row.textIfAny("host"),
            program: ProgramFacts(row),
            token: row.textIfAny("token"),
            batch: row.textIfAny("batch"),
            endedAt: row.moment("ended_at")
        )
    }
}

extension FailureLine {
    /// Reads a row of the statement that lists failed attempts.
    package init(_ row: some StoreRow) {
        self.init(
            id: row.integer("task_id"),
            name: row.text("task_name"),
            attempt: row.count("attempt"),
            error: row.text("error"),
            ran: row.integerIfAny("ran_us").map { .microseconds($0) },
            host: row.textIfAny("host"),
            program: ProgramFacts(row),
            failedAt: row.moment("failed_at")
        )
    }
}

extension ProgramFacts {
    fileprivate init(_ row: some StoreRow) {
        self.init(
            exitCode: row.number("exit_code", in: 0...Int64(Int32.max)).map { Int32(truncatingIfNeeded: $0) },
            signal: row.number("signal", in: 1...Int64(Int32.max)).map { Int32(truncatingIfNeeded: $0) },
            peakMemory: row.integerIfAny("peak_memory")
        )
    }
}
