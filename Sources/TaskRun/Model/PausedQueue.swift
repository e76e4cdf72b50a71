public import Platform

/// A queue of which nothing is claimed for a while: a row of `task_queues`.
public struct PausedQueue: Sendable, Equatable {
    /// The queue.
    public let queue: String
    /// Until when; nil: until it is resumed.
    public let until: Date?
    /// Since when.
    public let since: Date
    /// Why, for people; nil where nobody said.
    public let why: String?
    /// Who paused it, for people; nil where nobody said.
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
