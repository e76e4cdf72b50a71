public import Platform

/// A task to add; a nil value leaves the column's default.
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
    /// Not before this long from now, on the deciding clock; takes precedence over `runAt`.
    public var delay: Duration?
    /// The row's own limit of attempts, at least 1.
    public var maxAttempts: Int?
    /// The row's own time limit in whole seconds, at least 1.
    public var timeoutSeconds: Int?
    /// The task is not added if a waiting task has the same name and key; 1 to 200 characters.
    public var dedupeKey: String?
    /// Tasks with the same key run one after the other, in order; 1 to 200 characters.
    public var lockKey: String?
    /// If the task has not begun by this moment, it becomes FAILED.
    public var expiresAt: Date?
    /// If the task has not begun this long from now, on the deciding clock, it becomes FAILED; takes precedence over
    /// `expiresAt`.
    public var expiresAfter: Duration?
    /// The name by which the result is found, 1 to 200 characters; no two tasks in the table have the same.
    public var token: String?
    /// The batch that it belongs to; 1 to 200 characters.
    public var batch: String?
    /// The batch whose tasks must all have ended first; a task with one has no lock key.
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
