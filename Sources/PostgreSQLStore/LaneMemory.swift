import TaskRun

/// The lanes that were found for a claim, kept for about a second where looking for them again would cost too much.
///
/// Usually they are looked for at each claim, so that a task in a lane nobody knew of is found at once. In a flood that is
/// a round trip more; among thousands of lanes it takes longer than the claim; and while some transaction keeps the server
/// from forgetting rows that are gone, each look goes past all of them. What was remembered and came back short of what
/// was asked for is forgotten: the next claim looks again.
struct LaneMemory: Sendable {
    /// So many lanes are remembered in any case.
    static let many = 200
    /// A claim of so many rows that came back full is a flood.
    static let flood = 100
    /// Two looks in a row that took longer are not to be repeated at once.
    ///
    /// One alone may have waited for something else.
    var costly: Duration = .milliseconds(100)

    /// What the lanes were looked for.
    struct Key: Sendable, Hashable {
        let names: [String]
        let queues: QueueFilter?

        init(_ request: ClaimRequest) {
            names = request.names
            queues = request.queues
        }
    }

    /// How long lanes are remembered, unless the look took more than a twentieth of it.
    var lifetime: Duration = .seconds(1)
    private var entry: (key: Key, lanes: [Lane], end: ContinuousClock.Instant)?
    private var wasCostly = false

    /// The lanes as they were left, in the order of their first rows; nil where they are to be looked for.
    func lanes(for key: Key, at now: ContinuousClock.Instant = .now) -> [Lane]? {
        guard let entry, entry.key == key, now < entry.end else { return nil }
        return entry.lanes
    }

    /// Keeps the lanes that a look found, if looking for them again is worth saving.
    ///
    /// - Parameters:
    ///   - lanes: The lanes as they were left.
    ///   - taken: What was taken after the look.
    ///   - look: How long the look took.
    ///   - key: What they were looked for.
    ///   - now: The moment to go by.
    mutating func keep(
        _ lanes: [Lane],
        after taken: Taken,
        look: Duration,
        for key: Key,
        at now: ContinuousClock.Instant = .now
    ) {
        let isCostly = look > costly
        defer { wasCostly = isCostly }
        let isFlood = taken.isFull && (taken.tasks.count >= Self.flood || isCostly && wasCostly)
        entry = lanes.count >= Self.many || isFlood ? (key, lanes, now + max(lifetime, look * 20)) : nil
    }

    /// Keeps what a claim left of the remembered lanes, no longer than before.
    mutating func keep(_ lanes: [Lane], after taken: Taken) {
        if taken.isFull, !lanes.isEmpty { entry?.lanes = lanes } else { entry = nil }
    }
}
