public import Platform

/// What is known of a task with a token, while it exists and after its end.
public struct TokenState: Sendable, Equatable {
    /// The state of the task.
    public enum State: String, Sendable, Codable {
        /// It has not begun, or will be tried again.
        case waiting = "WAITING"
        /// A run holds it.
        case running = "RUNNING"
        /// It was given up.
        case failed = "FAILED"
        /// The handler has succeeded.
        case complete = "COMPLETE"
        /// It was cancelled.
        case cancelled = "CANCELLED"

        /// Whether the task has ended.
        public var isEnd: Bool { self != .waiting && self != .running }
    }

    /// The token.
    public var token: String
    /// The task's `id`.
    public var id: Int64
    /// The task name.
    public var name: String
    /// The state of the task.
    public var state: State
    /// The result of one that is COMPLETE; empty for others.
    public var result: [UInt8]
    /// The result's size in bytes, as the handler returned it: more than ``result`` has, if that was cut.
    public var resultSize: Int
    /// The last error, also of a task that waits for another attempt.
    public var error: String?
    /// Steps done, as the handler reported.
    public var progressDone: Int64?
    /// Steps in all.
    public var progressTotal: Int64?
    /// A note on the progress.
    public var progressNote: String?
    /// When it was added.
    public var createdAt: Date
    /// For a task in the table: it is not due before this moment.
    public var runAt: Date?
    /// When the attempt that ended it began.
    public var startedAt: Date?
    /// When it ended.
    public var finishedAt: Date?
    /// When the result is removed.
    public var expiresAt: Date?

    /// Creates a state from its parts.
    public init(
        token: String,
        id: Int64,
        name: String,
        state: State,
        result: [UInt8] = [],
        resultSize: Int = 0,
        error: String? = nil,
        progressDone: Int64? = nil,
        progressTotal: Int64? = nil,
        progressNote: String? = nil,
        createdAt: Date,
        runAt: Date? = nil,
        startedAt: Date? = nil,
        finishedAt: Date? = nil,
        expiresAt: Date? = nil
    ) {
        self.token = token
        self.id = id
        self.name = name
        self.state = state
        self.result = result
        self.resultSize = resultSize
        self.error = error
        self.progressDone = progressDone
        self.progressTotal = progressTotal
        self.progressNote = progressNote
        self.createdAt = createdAt
        self.runAt = runAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.expiresAt = expiresAt
    }

    /// The state that a row of `tasks` gives, or nil if it has no token.
    package init?(_ row: TaskRow) {
        guard let token = row.token else { return nil }
        self.init(
            token: token,
            id: row.id,
            name: row.name,
            state: row.status == .waiting ? .waiting : row.status == .processing ? .running : .failed,
            error: row.lastError,
            progressDone: row.progressDone,
            progressTotal: row.progressTotal,
            progressNote: row.progressNote,
            createdAt: row.createdAt,
            runAt: row.runAt
        )
    }

    /// Chooses the answer for a token from a row and a result.
    ///
    /// The row takes precedence, because the result may be an earlier task's. For a FAILED task the result does,
    /// because it says more than the row.
    package static func answer(row: TaskRow?, result: TokenState?) -> TokenState? {
        guard let row, let state = TokenState(row) else { return result }
        guard state.state == .failed, let result, result.id == row.id, result.state == .failed else { return state }
        return result
    }
}

/// The outcome of a request to cancel a task.
public enum CancelOutcome: Sendable, Equatable {
    /// It was WAITING and is deleted.
    case cancelled
    /// A run holds it and sees the request within about two seconds.
    case asked
    /// It is FAILED: there is nothing to cancel.
    case failed
    /// It has ended, as its result says.
    case ended(ResultState)
    /// There is no such task.
    case unknown
    /// The database does not let it be cancelled. The command reports this, and continues with the other tasks.
    case refused
}

/// A task to be cancelled.
public enum CancelTarget: Sendable, Hashable {
    /// By its number.
    case id(Int64)
    /// By its token.
    case token(String)
}

extension TokenState {
    /// Reads a row of `task_results`; returns nil if another program has written an invalid state or moment.
    package init?(_ row: some StoreRow) {
        guard let state = State(rawValue: row.text("state")), let created = row.moment("created_at") else { return nil }
        self.init(
            token: row.text("token"),
            id: row.number("task_id", in: Int64.min...Int64.max) ?? 0,
            name: row.text("task_name"),
            state: state,
            result: row.payload("result"),
            resultSize: Int(row.natural("result_size")),
            error: row.textIfAny("error"),
            progressDone: row.number("progress_done", in: 0...Int64.max),
            progressTotal: row.number("progress_total", in: 0...Int64.max),
            progressNote: row.textIfAny("progress_note"),
            createdAt: created,
            startedAt: row.moment("started_at"),
            finishedAt: row.moment("finished_at"),
            expiresAt: row.moment("expires_at")
        )
    }
}
