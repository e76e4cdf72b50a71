public import Platform

/// One row of `tasks` with all its columns.
public struct TaskRow: Sendable, Equatable {
    /// Column `id`.
    public var id: Int64
    /// Column `task_name`.
    public var name: String
    /// Column `created_at`.
    public var createdAt: Date
    /// Column `data`; bytes that are not UTF-8 are shown as U+FFFD.
    public var data: String
    /// Column `status`.
    public var status: TaskStatus
    /// Column `queue`.
    public var queue: String
    /// Column `priority`.
    public var priority: Int
    /// Column `run_at`.
    public var runAt: Date
    /// Column `attempts`.
    public var attempts: Int
    /// Column `max_attempts`.
    public var maxAttempts: Int?
    /// Column `timeout_seconds`.
    public var timeoutSeconds: Int?
    /// Column `lease_owner`.
    public var leaseOwner: String?
    /// Column `lease_expires_at`.
    public var leaseExpiresAt: Date?
    /// Column `claim_no`.
    public var claimNumber: Int64
    /// Column `crashes`.
    public var crashes: Int
    /// Column `last_error`.
    public var lastError: String?
    /// Column `dedupe_key`.
    public var dedupeKey: String?
    /// Column `lock_key`.
    public var lockKey: String?
    /// Column `lock_place`: 0 if claims look at the row, 1 if it waits behind another row of the key, 2 if it holds the
    /// key.
    public var lockPlace: Int
    /// Column `expires_at`.
    public var expiresAt: Date?
    /// Column `token`.
    public var token: String?
    /// Column `progress_done`.
    public var progressDone: Int64?
    /// Column `progress_total`.
    public var progressTotal: Int64?
    /// Column `progress_note`.
    public var progressNote: String?
    /// Column `cancel_requested_at`.
    public var cancelRequestedAt: Date?
    /// Column `batch`.
    public var batch: String?
    /// Column `after_batch`.
    public var afterBatch: String?
    /// Column `postponed`: how often in a row the handler has asked to get the task later.
    public var postponed: Int
    /// Column `failed_at`: when it became FAILED, or nil if the table does not say.
    public var failedAt: Date?

    /// Creates a row from its columns.
    public init(
        id: Int64,
        name: String,
        createdAt: Date,
        data: String,
        status: TaskStatus,
        queue: String,
        priority: Int,
        runAt: Date,
        attempts: Int,
        maxAttempts: Int?,
        timeoutSeconds: Int?,
        leaseOwner: String?,
        leaseExpiresAt: Date?,
        claimNumber: Int64,
        crashes: Int,
        lastError: String?,
        dedupeKey: String? = nil,
        lockKey: String? = nil,
        lockPlace: Int = 0,
        expiresAt: Date? = nil,
        token: String? = nil,
        progressDone: Int64? = nil,
        progressTotal: Int64? = nil,
        progressNote: String? = nil,
        cancelRequestedAt: Date? = nil,
        batch: String? = nil,
        afterBatch: String? = nil,
        postponed: Int = 0,
        failedAt: Date? = nil
    ) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        self.data = data
        self.status = status
        self.queue = queue
        self.priority = priority
        self.runAt = runAt
        self.attempts = attempts
        self.maxAttempts = maxAttempts
        self.timeoutSeconds = timeoutSeconds
        self.leaseOwner = leaseOwner
        self.leaseExpiresAt = leaseExpiresAt
        self.claimNumber = claimNumber
        self.crashes = crashes
        self.lastError = lastError
        self.dedupeKey = dedupeKey
        self.lockKey = lockKey
        self.lockPlace = lockPlace
        self.expiresAt = expiresAt
        self.token = token
        self.progressDone = progressDone
        self.progressTotal = progressTotal
        self.progressNote = progressNote
        self.cancelRequestedAt = cancelRequestedAt
        self.batch = batch
        self.afterBatch = afterBatch
        self.postponed = postponed
        self.failedAt = failedAt
    }
}

extension TaskRow {
    /// Reads a row of `tasks`.
    ///
    /// A value that is not a moment, where the table needs one, becomes 1970-01-01.
    package init(_ row: some StoreRow) {
        let none = Date(timeIntervalSince1970: 0)
        self.init(
            id: row.integer("id"),
            name: row.text("task_name"),
            createdAt: row.moment("created_at") ?? none,
            data: row.text("data"),
            status: row.status("status"),
            queue: row.text("queue"),
            priority: row.number("priority", in: Int64(Int32.min)...Int64(Int32.max)).map { Int($0) } ?? 0,
            runAt: row.moment("run_at") ?? none,
            attempts: row.count("attempts"),
            maxAttempts: row.limit("max_attempts", from: 1),
            timeoutSeconds: row.limit("timeout_seconds", from: 1),
            leaseOwner: row.textIfAny("lease_owner"),
            leaseExpiresAt: row.moment("lease_expires_at"),
            claimNumber: row.natural("claim_no"),
            crashes: row.count("crashes"),
            lastError: row.textIfAny("last_error"),
            dedupeKey: row.textIfAny("dedupe_key"),
            lockKey: row.textIfAny("lock_key"),
            lockPlace: row.count("lock_place"),
            expiresAt: row.moment("expires_at"),
            token: row.textIfAny("token"),
            progressDone: row.number("progress_done", in: 0...Int64.max),
            progressTotal: row.number("progress_total", in: 0...Int64.max),
            progressNote: row.textIfAny("progress_note"),
            cancelRequestedAt: row.moment("cancel_requested_at"),
            batch: row.textIfAny("batch"),
            afterBatch: row.textIfAny("after_batch"),
            postponed: row.count("postponed"),
            failedAt: row.moment("failed_at")
        )
    }
}
