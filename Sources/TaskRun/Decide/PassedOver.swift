/// A row that was passed over because another transaction has locked it, and at which the same run looks again.
struct PassedOver {
    /// How long a run looks again before it reports the row.
    static let patience = Duration.seconds(5)

    private let began: ContinuousClock.Instant
    private var count = 0
    /// Whether it was reported.
    var isReported = false

    init(at now: ContinuousClock.Instant) { began = now }

    /// When to look again, at growing intervals, or nil once it has been locked for long.
    mutating func next(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard began.duration(to: now) < Self.patience else { return nil }
        count += 1
        return now.advanced(by: .milliseconds(min(250, 1 << min(count, 8))))
    }
}
