#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What people do with the table by hand: add, look, send back, remove, set up.
///
/// Every store has it beside ``TaskStore``.
///
/// Every function throws ``StoreError``.
public protocol TaskDesk: TaskStore {
    /// Adds tasks in one transaction: all or none.
    ///
    /// - Returns: Their numbers, in order.
    /// - Throws: ``StoreError/Code/refused`` for a name, payload or value that the table does not take.
    func add(_ tasks: [NewTask]) async throws(StoreError) -> [Int64]

    /// Rows by the filter, by number, smallest first.
    func list(_ filter: TaskFilter) async throws(StoreError) -> [TaskRow]

    /// One row; nil where there is none.
    func show(_ id: Int64) async throws(StoreError) -> TaskRow?

    /// Counts by queue, name and state, and who holds leases.
    func summary() async throws(StoreError) -> TableSummary

    /// Sends FAILED rows back to WAITING, due at once, with `attempts` and `crashes` 0; others are not touched.
    ///
    /// - Returns: The numbers of those sent back, smallest first.
    func retry(_ selection: FailedSelection) async throws(StoreError) -> [Int64]

    /// Removes rows that are not PROCESSING.
    ///
    /// - Returns: The numbers of those removed, smallest first.
    func delete(_ ids: [Int64]) async throws(StoreError) -> [Int64]

    /// Creates or upgrades the tables, in one transaction. Two at once queue up, and the second has nothing to do.
    ///
    /// - Returns: What was run, oldest first; empty where the schema was the newest.
    /// - Throws: ``StoreError/Code/schema`` for a newer database, an edited migration or a foreign table; nothing is touched.
    func migrate() async throws(StoreError) -> [SchemaVersion]

    /// Every schema version this program knows, and which of them the database has. Touches nothing.
    ///
    /// - Throws: As ``migrate()``.
    func schemaVersions() async throws(StoreError) -> [SchemaVersion]

    /// What `taskrun check` says about this database: version, journal mode, clock, anything that looks wrong.
    func findings() async throws(StoreError) -> [Finding]
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

    /// Creates a task to be added.
    public init(
        name: String,
        data: String = "{}",
        queue: String? = nil,
        priority: Int? = nil,
        runAt: Date? = nil,
        delay: Duration? = nil,
        maxAttempts: Int? = nil,
        timeoutSeconds: Int? = nil
    ) {
        self.name = name
        self.data = data
        self.queue = queue
        self.priority = priority
        self.runAt = runAt
        self.delay = delay
        self.maxAttempts = maxAttempts
        self.timeoutSeconds = timeoutSeconds
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

    /// Creates a filter.
    public init(status: TaskStatus? = nil, name: String? = nil, queue: String? = nil, limit: Int = 100) {
        self.status = status
        self.name = name
        self.queue = queue
        self.limit = limit
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
        lastError: String?
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
    }
}

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

    /// Creates a summary from its parts.
    public init(lines: [Line], holders: [Holder]) {
        self.lines = lines
        self.holders = holders
    }
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

/// One line of `taskrun check`.
public struct Finding: Sendable, Equatable {
    /// How serious it is.
    public enum Level: String, Sendable, Codable, Comparable {
        /// As it should be.
        case ok
        /// Works, but should be looked at.
        case warning
        /// Does not work.
        case error

        /// ok, warning, error.
        public static func < (one: Level, other: Level) -> Bool { one.rank < other.rank }
        private var rank: Int { self == .ok ? 0 : self == .warning ? 1 : 2 }
    }

    /// How serious it is.
    public let level: Level
    /// What was looked at, in a word or two: `journal mode`.
    public let subject: String
    /// What was found.
    public let found: String
    /// What to do; nil where there is nothing to do.
    public let advice: String?

    /// Creates a finding.
    public init(_ level: Level, _ subject: String, _ found: String, advice: String? = nil) {
        self.level = level
        self.subject = subject
        self.found = found
        self.advice = advice
    }
}
