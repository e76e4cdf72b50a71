/// Which rows to list; nil for any.
public struct TaskFilter: Sendable, Equatable {
    /// In this state.
    public var status: TaskStatus?
    /// Of this name.
    public var name: String?
    /// In this queue.
    public var queue: String?
    /// Of this batch.
    public var batch: String?
    /// With this lock key.
    public var lockKey: String?
    /// With this token.
    public var token: String?
    /// At least this old: since it became FAILED, or since it was added for others and if that is not known.
    public var age: Duration?
    /// With this value in the payload.
    public var data: DataMatch?
    /// Whether the greatest `id` comes first; default: the smallest.
    public var isLatest = false
    /// At most this many; default 100.
    public var limit: Int
    /// Only rows behind this `id`, in the order of the list, or nil for all.
    public var after: Int64?
    /// How long to look for rows, or nil for as long as it takes.
    public var patience: Duration?
    /// Whether the payload is read; otherwise ``TaskRow/data`` is empty.
    public var hasData: Bool
    /// The most bytes that the payloads may have as they are stored, or nil for any number.
    ///
    /// Fewer rows are listed if they have more, but at least one.
    public var bytes: Int?

    /// Creates a filter.
    public init(
        status: TaskStatus? = nil,
        name: String? = nil,
        queue: String? = nil,
        limit: Int = 100,
        after: Int64? = nil,
        hasData: Bool = true,
        bytes: Int? = nil
    ) {
        self.status = status
        self.name = name
        self.queue = queue
        self.limit = limit
        self.after = after
        self.hasData = hasData
        self.bytes = bytes
    }

    /// The same filter, with at most 1,000 rows if the bytes of their payloads are limited.
    package var inParts: TaskFilter {
        var filter = self
        if bytes != nil { filter.limit = min(limit, 1_000) }
        return filter
    }
}

/// A task that a filter selects.
public struct MatchedTask: Sendable, Equatable {
    /// Column `id`.
    public let id: Int64
    /// Column `task_name`.
    public let name: String
    /// Column `queue`.
    public let queue: String
    /// Column `status`.
    public let status: TaskStatus

    /// Creates one from its parts.
    public init(id: Int64, name: String, queue: String, status: TaskStatus) {
        (self.id, self.name, self.queue, self.status) = (id, name, queue, status)
    }
}

extension MatchedTask {
    /// Reads a row of `tasks`.
    package init(_ row: some StoreRow) {
        self.init(
            id: row.integer("id"),
            name: row.text("task_name"),
            queue: row.text("queue"),
            status: row.status("status")
        )
    }
}

/// Which FAILED rows to make WAITING again.
public enum FailedSelection: Sendable, Equatable {
    /// The rows with these `id`s.
    case ids([Int64])
    /// All rows of this name.
    case name(String)
    /// All rows.
    case all
}
