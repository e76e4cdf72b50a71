/// How long what tasks with a token leave is kept after their end, by the task name.
public struct ResultRetention: Sendable, Equatable {
    /// For names that have no own one; default 24 h.
    public var standard: Duration
    /// The names that have their own.
    public var names: [String: Duration]

    /// Creates one from its parts.
    public init(_ standard: Duration = ResultRecord.standardKeep, names: [String: Duration] = [:]) {
        (self.standard, self.names) = (standard, names)
    }

    /// How long the result of a task with this name is kept.
    public subscript(name: String) -> Duration { names[name] ?? standard }
}
