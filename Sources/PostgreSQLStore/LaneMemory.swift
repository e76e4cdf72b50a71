import TaskRun

/// The lanes that were found for a claim, kept for a second where looking for them again would cost too much, and for up to 5 s
/// where each look takes long.
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

    /// How long lanes are remembered, where looking for them does not take long.
    var lifetime: Duration = .seconds(1)
    /// And where it does.
    private static let longest: Duration = .seconds(5)
    /// Entries for other requests than the present ones are dropped from time to time.
    private static let room = 64

    private struct Entry {
        var lanes: [Lane]
        var end: ContinuousClock.Instant
    }

    private var entries: [Key: Entry] = [:]
    private var wasCostly = false

    /// The lanes as they were left, in the order of their first rows; nil where they are to be looked for.
    func lanes(for key: Key, at now: ContinuousClock.Instant = .now) -> [Lane]? {
        guard let entry = entries[key], now < entry.end else { return nil }
        return entry.lanes
    }

    /// Keeps the lanes that a look found as a claim left them, if looking for them again is worth saving.
    ///
    /// - Parameters:
    ///   - taken: What was taken after the look.
    ///   - look: How long the look took.
    ///   - key: What they were looked for.
    ///   - now: The moment to go by.
    mutating func keep(
        after taken: Taken,
        look: Duration,
        for key: Key,
        at now: ContinuousClock.Instant = .now
    ) {
        let isCostly = look > costly
        let isCostlyAgain = isCostly && wasCostly
        wasCostly = isCostly
        if entries.count >= Self.room { entries = entries.filter { now < $0.value.end } }
        let isFlood = taken.isFull && (taken.tasks.count >= Self.flood || isCostlyAgain)
        // Rows with a lock key are found by a look only.
        guard !taken.hasMoreKeyed, taken.lanes.count >= Self.many || isFlood else { return entries[key] = nil }
        let life = isCostlyAgain ? max(lifetime, min(look * 20, Self.longest)) : lifetime
        entries[key] = Entry(lanes: taken.lanes, end: now + life)
    }

    /// Keeps what a claim left of the remembered lanes, no longer than before.
    mutating func keep(after taken: Taken, for key: Key) {
        if taken.isFull, !taken.lanes.isEmpty { entries[key]?.lanes = taken.lanes } else { entries[key] = nil }
    }
}
