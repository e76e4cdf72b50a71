public import Platform

/// What is known of a task with a token, while it is there and after its end.
public struct TokenState: Sendable, Equatable {
    /// Where it is.
    public enum State: String, Sendable, Codable {
        /// Not begun, or to be tried again.
        case waiting = "WAITING"
        /// In some run's hand.
        case running = "RUNNING"
        /// Given up.
        case failed = "FAILED"
        /// The handler has succeeded.
        case complete = "COMPLETE"
        /// Taken back.
        case cancelled = "CANCELLED"

        /// Whether nothing more comes.
        public var isEnd: Bool { self != .waiting && self != .running }
    }

    /// The token.
    public var token: String
    /// The task's `id`.
    public var id: Int64
    /// The task name.
    public var name: String
    /// Where it is.
    public var state: State
    /// The result of one that is COMPLETE; empty for others.
    public var result: [UInt8]
    /// The result's size in bytes as the handler gave it: more than ``result`` has where it was cut.
    public var resultSize: Int
    /// The last error, also of one that waits to be tried again.
    public var error: String?
    /// Steps done, as the handler said.
    public var progressDone: Int64?
    /// Steps in all.
    public var progressTotal: Int64?
    /// A word about it.
    public var progressNote: String?
    /// When it was added.
    public var createdAt: Date
    /// Of one that is there: not before this moment.
    public var runAt: Date?
    /// When the attempt that ended it began.
    public var startedAt: Date?
    /// When it ended.
    public var finishedAt: Date?
    /// When the result goes.
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

    /// What a row of `tasks` says; its token must be there.
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

    /// What is answered: the row goes before the result, which may be an earlier task's; but the result of a FAILED one
    /// says more than its row.
    package static func answer(row: TaskRow?, result: TokenState?) -> TokenState? {
        guard let row, let state = TokenState(row) else { return result }
        guard state.state == .failed, let result, result.id == row.id, result.state == .failed else { return state }
        return result
    }
}

/// What became of the wish to cancel a task.
public enum CancelOutcome: Sendable, Equatable {
    /// It was WAITING and is gone.
    case cancelled
    /// A run has it in hand and sees the wish within about two seconds.
    case asked
    /// It is FAILED: there is nothing to cancel.
    case failed
    /// It has ended, as its result says.
    case ended(ResultState)
    /// There is no such task.
    case unknown
    /// The database does not let it be cancelled: told by programs that go on with the others.
    case refused
}

/// A task to be cancelled.
public enum CancelTarget: Sendable, Hashable {
    /// By its number.
    case id(Int64)
    /// By its token.
    case token(String)
}
