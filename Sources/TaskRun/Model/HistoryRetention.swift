/// How long the history of tasks is kept, by task name.
public struct HistoryRetention: Sendable, Equatable {
    /// The most lines of the history, whatever their age.
    public static let most = 1_000_000
    /// How long lines are kept by default: 7 days.
    public static let week = Duration.seconds(7 * 86_400)

    /// For names without an entry of their own, or nil if their tasks leave no line.
    ///
    /// Default 7 days.
    public var standard: Duration?
    /// For single names, or nil if their tasks leave no line.
    public var names: [String: Duration?]

    /// Creates one from its parts.
    public init(_ standard: Duration? = HistoryRetention.week, names: [String: Duration?] = [:]) {
        (self.standard, self.names) = (standard, names)
    }

    /// No task leaves a line.
    public static let none = HistoryRetention(nil)

    /// How long lines of tasks with this name are kept, or nil if they leave none.
    public subscript(name: String) -> Duration? {
        guard !names.isEmpty, let own = names[name] else { return standard }
        return own
    }

    /// Whether no task leaves a line.
    package var isNothing: Bool { standard == nil && names.values.allSatisfy { $0 == nil } }

    /// The names that are treated otherwise than the rest: those that leave lines if the rest leaves none, or those
    /// that leave none.
    package var exceptions: [String] { names.filter { ($0.value == nil) != (standard == nil) }.map(\.key).sorted() }

    /// The least and the greatest time of all names; without lines it is 0.
    package var span: ClosedRange<Duration> {
        let times = ([standard] + names.values).map { $0 ?? .zero }
        return (times.min() ?? .zero)...(times.max() ?? .zero)
    }
}
