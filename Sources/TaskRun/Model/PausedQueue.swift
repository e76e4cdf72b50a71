public import Platform

/// A queue from which nothing is claimed for a while: a row of `task_queues`.
public struct PausedQueue: Sendable, Equatable {
    /// The queue.
    public let queue: String
    /// The end of the pause, or nil for until it is resumed.
    public let until: Date?
    /// The start of the pause.
    public let since: Date
    /// The reason, for people, or nil if none was given.
    public let why: String?
    /// Who paused it, for people, or nil if that was not given.
    public let by: String?

    /// Creates a paused queue from its parts.
    public init(queue: String, until: Date?, since: Date, why: String?, by: String?) {
        self.queue = queue
        self.until = until
        self.since = since
        self.why = why
        self.by = by
    }
}

extension PausedQueue {
    /// Reads a row of `task_queues`.
    package init(_ row: some StoreRow) {
        self.init(
            queue: row.text("queue"),
            until: row.moment("paused_until"),
            since: row.moment("paused_at") ?? Date(timeIntervalSince1970: 0),
            why: row.textIfAny("paused_why"),
            by: row.textIfAny("paused_by")
        )
    }
}
