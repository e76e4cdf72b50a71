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

    /// What is remembered; no lanes: they are to be looked for.
    struct Known: Sendable {
        var lanes: [Lane] = []
        /// Those of rows with a lock key.
        var keyed: [Lane] = []
        /// Where looks for either begin, where one does not see all lanes.
        var walk = LaneWalk()
        var keyedWalk = LaneWalk()
        var isNothing: Bool { lanes.isEmpty && keyed.isEmpty }
    }

    /// How long lanes are remembered, where looking for them does not take long.
    var lifetime: Duration = .seconds(1)
    /// And where it does.
    private static let longest: Duration = .seconds(5)
    /// Entries for other requests than the present ones are dropped from time to time.
    private static let room = 64

    private struct Entry {
        var lanes: [Lane]
        let end: ContinuousClock.Instant
        /// Whether there are rows with a lock key beside.
        var hasKeyed = false
    }

    private var entries: [Key: Entry] = [:]
    private var keyed: [Key: Entry] = [:]
    private var wasCostly = false
    private var walks: [Key: LaneWalk] = [:]
    private var keyedWalks: [Key: LaneWalk] = [:]

    /// The lanes as they were left, in the order of their first rows; nil where they are to be looked for, or others are.
    func lanes(for key: Key, at now: ContinuousClock.Instant = .now) -> [Lane]? {
        guard let entry = entries[key], now < entry.end, !entry.hasKeyed else { return nil }
        return entry.lanes
    }

    /// All that is remembered for a claim that looks for rows with a lock key as well.
    func known(for key: Key, at now: ContinuousClock.Instant = .now) -> Known {
        func lanes(_ entry: Entry?) -> [Lane] { entry.map { now < $0.end ? $0.lanes : [] } ?? [] }
        return Known(
            lanes: lanes(entries[key]),
            keyed: lanes(keyed[key]),
            walk: walks[key] ?? LaneWalk(),
            keyedWalk: keyedWalks[key] ?? LaneWalk()
        )
    }

    /// Takes note of how far looks came that do not see all lanes at once.
    ///
    /// - Returns: Whether there are lanes that were not seen yet.
    mutating func walk(_ taken: Taken, knowing known: Known, for key: Key) -> Bool {
        var (walk, keyedWalk) = (known.walk, known.keyedWalk)
        if let rest = taken.rest { walk.note(rest, isVain: taken.tasks.isEmpty) }
        if let rest = taken.keyedRest { keyedWalk.note(rest, isVain: !taken.hasKeyed) }
        walks[key] = walk.isPartial ? walk : nil
        keyedWalks[key] = keyedWalk.isPartial ? keyedWalk : nil
        return walk.isPartial || keyedWalk.isPartial
    }

    /// Keeps what a claim left of lanes that were remembered or looked for.
    mutating func keep(after taken: Taken, look: Duration, knowing known: Known, for key: Key) {
        if known.lanes.isEmpty { keep(after: taken, look: look, for: key) } else { keep(after: taken, for: key) }
        if taken.keyedLanes.count < Self.many {
            keyed[key] = nil
        } else if known.keyed.isEmpty {
            let life = min(max(lifetime, look * 20), Self.longest)
            keyed[key] = Entry(lanes: taken.keyedLanes, end: .now + life)
        } else {
            keyed[key]?.lanes = taken.keyedLanes
        }
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
        if entries.count + keyed.count >= Self.room {
            entries = entries.filter { now < $0.value.end }
            keyed = keyed.filter { now < $0.value.end }
        }
        let isFlood = taken.isFull && (taken.tasks.count >= Self.flood || isCostlyAgain)
        // Rows with a lock key are found by a look only: for a few lanes beside them nothing is saved.
        guard taken.lanes.count >= Self.many || (isFlood && !taken.hasKeyed) else { return entries[key] = nil }
        let life = isCostlyAgain ? max(lifetime, min(look * 20, Self.longest)) : lifetime
        entries[key] = Entry(lanes: taken.lanes, end: now + life, hasKeyed: taken.hasKeyed)
    }

    /// Keeps what a claim left of the remembered lanes, no longer than before.
    mutating func keep(after taken: Taken, for key: Key) {
        guard taken.isFull, !taken.lanes.isEmpty else { return entries[key] = nil }
        entries[key]?.lanes = taken.lanes
        entries[key]?.hasKeyed = taken.hasKeyed
    }
}
