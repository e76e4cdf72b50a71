/// How long something is kept, by task name: the results of tasks after their end, or FAILED tasks.
public struct ResultRetention: Sendable, Equatable {
    /// For names without an entry of their own; default 24 h, which is for results.
    public var standard: Duration
    /// For single names.
    public var names: [String: Duration]

    /// Creates one from its parts.
    public init(_ standard: Duration = ResultRecord.standardKeep, names: [String: Duration] = [:]) {
        (self.standard, self.names) = (standard, names)
    }

    /// How long it is kept for tasks with this name.
    public subscript(name: String) -> Duration { names[name] ?? standard }
}
