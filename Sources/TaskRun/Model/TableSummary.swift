public import Platform

/// The table in numbers.
public struct TableSummary: Sendable, Equatable {
    /// One count.
    public struct Line: Sendable, Equatable {
        /// The queue.
        public let queue: String
        /// The task name.
        public let name: String
        /// The state.
        public let status: TaskStatus
        /// How many rows, or how many were counted if there are more.
        public let count: Int
        /// How many of them are due; 0 unless WAITING.
        public let due: Int
        /// `run_at` of the row that has been due longest, or nil if none is due.
        public let oldestDue: Date?
        /// Whether there may be more rows than were counted.
        public let isPartial: Bool

        /// Creates a line from its parts.
        public init(
            queue: String,
            name: String,
            status: TaskStatus,
            count: Int,
            due: Int,
            oldestDue: Date?,
            isPartial: Bool = false
        ) {
            self.queue = queue
            self.name = name
            self.status = status
            self.count = count
            self.due = due
            self.oldestDue = oldestDue
            self.isPartial = isPartial
        }
    }

    /// How many rows of a state there are.
    public struct Total: Sendable, Equatable {
        /// How many, up to ``TableSummary/mostCounted``.
        public let count: Int
        /// Whether there are more.
        public let isPartial: Bool

        /// A count, or at most the most that is counted.
        public init(_ count: Int) {
            self.count = min(count, TableSummary.mostCounted)
            isPartial = count > TableSummary.mostCounted
        }
    }

    /// One holder of leases.
    public struct Holder: Sendable, Equatable {
        /// The text of the owner, or nil for PROCESSING rows without one.
        public let owner: String?
        /// How many rows it holds.
        public let tasks: Int
        /// When the first of its leases ends.
        public let firstLeaseEnd: Date?

        /// Creates a holder from its parts.
        public init(owner: String?, tasks: Int, firstLeaseEnd: Date?) {
            self.owner = owner
            self.tasks = tasks
            self.firstLeaseEnd = firstLeaseEnd
        }
    }

    /// The most rows of a state that are counted together.
    public static let mostCounted = 1_000_000

    /// The counts, by queue, name and state.
    public let lines: [Line]
    /// How many rows wait, or nil for the sum of the lines.
    public let waiting: Total?
    /// How many rows are FAILED, or nil for the sum of the lines.
    public let failed: Total?
    /// The holders of leases, by owner.
    public let holders: [Holder]

    /// What keeps deleted rows from being cleaned up, for however short; nil if nothing does, and on SQLite.
    public let horizon: Horizon?

    /// The queues that are paused at this moment, by name.
    public let paused: [PausedQueue]

    /// Creates a summary from its parts.
    public init(
        lines: [Line],
        holders: [Holder],
        horizon: Horizon? = nil,
        paused: [PausedQueue] = [],
        waiting: Total? = nil,
        failed: Total? = nil
    ) {
        (self.waiting, self.failed) = (waiting, failed)
        self.lines = lines
        self.holders = holders
        self.horizon = horizon
        self.paused = paused
    }
}
