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
        /// How many rows.
        public let count: Int
        /// How many of them are due; 0 unless WAITING.
        public let due: Int
        /// `run_at` of the longest due one; nil where none is due.
        public let oldestDue: Date?

        /// Creates a line from its parts.
        public init(queue: String, name: String, status: TaskStatus, count: Int, due: Int, oldestDue: Date?) {
            self.queue = queue
            self.name = name
            self.status = status
            self.count = count
            self.due = due
            self.oldestDue = oldestDue
        }
    }

    /// One holder of leases.
    public struct Holder: Sendable, Equatable {
        /// The text of the owner; nil for PROCESSING rows without one.
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

    /// The counts, by queue, name and state.
    public let lines: [Line]
    /// Who holds leases, by owner.
    public let holders: [Holder]

    /// Who keeps rows that are gone from being cleaned up, for however short; nil where nobody does, and on SQLite.
    public let horizonHolder: HorizonHolder?

    /// The queues that are paused at this moment, by name.
    public let paused: [PausedQueue]

    /// Creates a summary from its parts.
    public init(
        lines: [Line],
        holders: [Holder],
        horizonHolder: HorizonHolder? = nil,
        paused: [PausedQueue] = []
    ) {
        self.lines = lines
        self.holders = holders
        self.horizonHolder = horizonHolder
        self.paused = paused
    }
}
