public import Platform

/// One row of `tasks`, whole.
public struct TaskRow: Sendable, Equatable {
    /// Column `id`.
    public var id: Int64
    /// Column `task_name`.
    public var name: String
    /// Column `created_at`.
    public var createdAt: Date
    /// Column `data`: bytes that are not UTF-8 are shown as U+FFFD.
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
    /// Column `lock_place`: 0 to be looked at, 1 behind another one of the key, 2 holds the key.
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
    /// Column `postponed`: how often in a row its handler has asked to be given it later.
    public var postponed: Int

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
        postponed: Int = 0
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
    }
}
