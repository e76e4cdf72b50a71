public import Platform

/// What the database knows about one task and about everything that can keep it waiting: what ``Reason`` is decided
/// from.
public struct TaskFacts: Sendable, Equatable {
    /// Another task that this one waits for.
    public struct Other: Sendable, Equatable {
        /// Column `id`.
        public var id: Int64
        /// Column `task_name`.
        public var name: String
        /// Column `status`.
        public var status: TaskStatus
        /// Column `run_at`, or nil for no moment of the calendar.
        public var runAt: Date?
        /// Whether `run_at` has come.
        public var isDue: Bool
        /// Column `lease_owner`.
        public var owner: String?
        /// Column `lease_expires_at`.
        public var leaseEnd: Date?
        /// Whether it holds the lock key of the task that waits.
        public var holdsKey: Bool

        /// Creates another task from its parts.
        public init(
            id: Int64,
            name: String,
            status: TaskStatus,
            runAt: Date? = nil,
            isDue: Bool = true,
            owner: String? = nil,
            leaseEnd: Date? = nil,
            holdsKey: Bool = false
        ) {
            self.id = id
            self.name = name
            self.status = status
            self.runAt = runAt
            self.isDue = isDue
            self.owner = owner
            self.leaseEnd = leaseEnd
            self.holdsKey = holdsKey
        }
    }

    /// A limit, and how much of it is used.
    public struct LimitUse: Sendable, Equatable {
        /// The limit.
        public var limit: TaskLimit
        /// How many of its tasks run now.
        public var running: Int
        /// How many have begun in the current minute.
        public var begun: Int
        /// The end of the current minute, or nil if none has begun.
        public var minuteEnd: Date?

        /// Creates the use of a limit from its parts.
        public init(_ limit: TaskLimit, running: Int = 0, begun: Int = 0, minuteEnd: Date? = nil) {
            self.limit = limit
            self.running = running
            self.begun = begun
            self.minuteEnd = minuteEnd
        }
    }

    /// The end of a handler that the database refuses: a row of `task_stuck`.
    public struct Stuck: Sendable, Equatable {
        /// The words of the database.
        public var error: String
        /// When that was noted, or nil for no moment of the calendar.
        public var since: Date?

        /// Creates a refused end from its parts.
        public init(error: String, since: Date?) {
            self.error = error
            self.since = since
        }
    }

    /// Column `id`.
    public var id: Int64
    /// Column `task_name`.
    public var name: String
    /// Column `status`.
    public var status: TaskStatus
    /// Column `queue`.
    public var queue: String
    /// Column `run_at`, or nil for no moment of the calendar.
    public var runAt: Date?
    /// Whether `run_at` has come.
    public var isDue: Bool
    /// Column `attempts`.
    public var attempts = 0
    /// Column `max_attempts`.
    public var maxAttempts: Int?
    /// Column `lease_owner`.
    public var owner: String?
    /// Column `lease_expires_at`.
    public var leaseEnd: Date?
    /// Column `crashes`.
    public var crashes = 0
    /// The beginning of the column `last_error`.
    public var lastError: String?
    /// Column `lock_key`.
    public var lockKey: String?
    /// Column `expires_at`.
    public var expiresAt: Date?
    /// Whether it has not begun, and `expires_at` has passed.
    public var isExpired = false
    /// Column `token`.
    public var token: String?
    /// Column `cancel_requested_at`.
    public var cancelRequestedAt: Date?
    /// Column `after_batch`.
    public var afterBatch: String?
    /// Column `postponed`.
    public var postponed = 0
    /// The pause of its queue, or nil if the queue is open.
    public var pause: PausedQueue?
    /// The limits of its queue and of its name.
    public var limits: [LimitUse] = []
    /// The other task that it waits for, or nil if there is none.
    ///
    /// For a task with `after_batch` it is the oldest open task of that batch, one that runs before one that waits. For
    /// a waiting task with a lock key it is the task that holds the key, or else the first due one of the key.
    public var other: Other?
    /// How many tasks of the batch are open, or how many due ones of its lock key come before it, without the holder of
    /// the key; at most ``WaitFacts/counted``.
    public var otherCount = 0
    /// The end of its handler that the database refuses, or nil if there is none.
    public var stuck: Stuck?
    /// When it became FAILED, or nil if the tables do not say.
    public var failedAt: Date?

    /// Creates facts about a task that nothing keeps waiting.
    public init(
        id: Int64,
        name: String,
        status: TaskStatus = .waiting,
        queue: String = "default",
        runAt: Date?,
        isDue: Bool
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.queue = queue
        self.runAt = runAt
        self.isDue = isDue
    }
}

/// A task that a run holds.
public struct HeldTask: Sendable, Equatable {
    /// Column `id`.
    public var id: Int64
    /// Column `task_name`.
    public var name: String
    /// Column `queue`.
    public var queue: String
    /// Column `lease_owner`.
    public var owner: String?
    /// Column `lease_expires_at`.
    public var leaseEnd: Date?

    /// Creates a held task from its parts.
    public init(id: Int64, name: String, queue: String, owner: String?, leaseEnd: Date?) {
        self.id = id
        self.name = name
        self.queue = queue
        self.owner = owner
        self.leaseEnd = leaseEnd
    }
}

/// The facts about some tasks, all at one moment.
public struct WaitFacts: Sendable, Equatable {
    /// Which tasks to look at.
    public enum Selection: Sendable, Equatable {
        /// The task with this number, with everything counted up to 100,000.
        case id(Int64)
        /// The task with this token, in the same way.
        case token(String)
        /// The tasks with these numbers, for a list.
        case ids([Int64])
        /// The waiting tasks of a queue and a name, nil for any; up to so many rows are looked at.
        case waiting(queue: String?, name: String?, limit: Int)
    }

    /// The moment, on the deciding clock.
    public var now: Date
    /// The tasks, by number; those that are not there are left out.
    public var tasks: [TaskFacts]
    /// Some of the tasks that runs hold, those whose leases end first.
    public var held: [HeldTask]
    /// The most tasks of a batch or a lock key that were counted.
    public var counted: Int
    /// Whether there may be more waiting tasks than were looked at.
    public var isPartial: Bool
    /// The newest runs, or nil if they cannot be read.
    public var runs: RunList?
    /// The task names that the hosts of the last hour have handlers for.
    public var served: ServedNames

    /// Creates facts from their parts.
    public init(
        now: Date,
        tasks: [TaskFacts],
        held: [HeldTask] = [],
        counted: Int = .max,
        isPartial: Bool = false,
        runs: RunList? = nil,
        served: ServedNames = ServedNames([])
    ) {
        (self.runs, self.served) = (runs, served)
        self.now = now
        self.tasks = tasks
        self.held = held
        self.counted = counted
        self.isPartial = isPartial
    }
}

extension WaitFacts.Selection {
    /// The most rows of a batch or a lock key to count.
    package var counted: Int {
        switch self {
        case .id, .token: 100_000
        case .ids: 100
        // Only whether there are any.
        case .waiting: 1
        }
    }

    /// The most characters of `last_error` to read.
    package var errorLength: Int {
        switch self {
        case .id, .token: 8_192
        case .ids: 2_000
        // The beginning, which says whether a hook wrote it.
        case .waiting: 64
        }
    }

    /// The most held tasks to read.
    package static var mostHeld: Int { 1_000 }
}

extension HeldTask {
    /// Reads a row of `why_held.sql`.
    package init(_ row: some StoreRow) {
        self.init(
            id: row.integer("id"),
            name: row.text("task_name"),
            queue: row.text("queue"),
            owner: row.textIfAny("lease_owner"),
            leaseEnd: row.moment("lease_expires_at")
        )
    }
}

extension TaskFacts {
    /// Reads a row of `why_facts.sql`.
    package init(_ row: some StoreRow) {
        self.init(
            id: row.integer("id"),
            name: row.text("task_name"),
            status: row.status("status"),
            queue: row.text("queue"),
            runAt: row.moment("run_at"),
            isDue: row.flag("is_due")
        )
        attempts = row.count("attempts")
        maxAttempts = row.limit("max_attempts", from: 1)
        owner = row.textIfAny("lease_owner")
        leaseEnd = row.moment("lease_expires_at")
        crashes = row.count("crashes")
        lastError = row.textIfAny("last_error")
        lockKey = row.textIfAny("lock_key")
        expiresAt = row.moment("expires_at")
        isExpired = row.flag("is_expired")
        token = row.textIfAny("token")
        cancelRequestedAt = row.moment("cancel_requested_at")
        afterBatch = row.textIfAny("after_batch")
        postponed = row.count("postponed")
        pause = row.flag("is_paused") ? PausedQueue(row) : nil
        limits = [LimitUse(ofQueue: row), LimitUse(ofName: row)].compactMap(\.self)
        other = Other(row)
        otherCount = row.count("other_count")
        stuck = row.textIfAny("stuck_error").map { Stuck(error: $0, since: row.moment("stuck_at")) }
        failedAt = row.moment("failed_at")
    }
}

extension TaskFacts.Other {
    fileprivate init?(_ row: some StoreRow) {
        guard let id = row.integerIfAny("other_id") else { return nil }
        self.init(
            id: id,
            name: row.text("other_name"),
            status: row.status("other_status"),
            runAt: row.moment("other_run_at"),
            isDue: row.flag("other_is_due"),
            owner: row.textIfAny("other_owner"),
            leaseEnd: row.moment("other_lease_end"),
            holdsKey: row.flag("other_holds_key")
        )
    }
}

extension TaskFacts.LimitUse {
    fileprivate init?(ofQueue row: some StoreRow) {
        guard row.integerIfAny("queue_running") != nil else { return nil }
        let (running, perMinute) = (row.limit("queue_max_running", from: 0), row.limit("queue_max_per_minute", from: 0))
        self.init(
            TaskLimit(.queue(row.text("queue")), running: running, perMinute: perMinute),
            running: row.count("queue_running"),
            begun: row.count("queue_begun"),
            minuteEnd: row.moment("queue_minute_end")
        )
    }

    fileprivate init?(ofName row: some StoreRow) {
        guard row.integerIfAny("name_running") != nil else { return nil }
        let (running, perMinute) = (row.limit("name_max_running", from: 0), row.limit("name_max_per_minute", from: 0))
        self.init(
            TaskLimit(.name(row.text("task_name")), running: running, perMinute: perMinute),
            running: row.count("name_running"),
            begun: row.count("name_begun"),
            minuteEnd: row.moment("name_minute_end")
        )
    }
}
