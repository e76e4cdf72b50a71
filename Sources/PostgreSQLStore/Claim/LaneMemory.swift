import TaskRun

/// The lanes that claims found.
///
/// They are kept for a second if looking for them again costs too much, and for up to 5 s if each look takes long.
///
/// Usually each claim looks for them, so that it finds a task in a new lane at once. That costs a round trip, which
/// counts if there are many tasks. Among thousands of lanes it takes longer than the claim. And while a transaction
/// keeps the server from cleaning up deleted rows, each look reads past all of them. Remembered lanes that brought
/// fewer rows than wanted are forgotten: the next claim looks again.
struct LaneMemory: Sendable {
    /// So many lanes are always remembered.
    static let many = 200
    /// A full claim of so many rows means that there are many tasks.
    static let flood = 100
    /// A look that takes longer is costly.
    ///
    /// After two costly looks in a row the lanes are kept; one alone may have waited for something else.
    var costly: Duration = .milliseconds(100)

    /// What the lanes were looked for with.
    struct Key: Sendable, Hashable {
        let names: [String]
        let queues: QueueFilter?

        init(names: [String], queues: QueueFilter?) { (self.names, self.queues) = (names, queues) }

        init(_ request: ClaimRequest) { self.init(names: request.names, queues: request.queues) }
    }

    /// What is remembered; without lanes, the claim looks for them.
    struct Known: Sendable {
        var lanes: [Lane] = []
        /// The lanes of rows with a lock key.
        var keyed: [Lane] = []
        /// Where the looks for either kind begin if one look does not see all lanes.
        var walk = LaneWalk()
        var keyedWalk = LaneWalk()
        var isNothing: Bool { lanes.isEmpty && keyed.isEmpty }
    }

    /// How long lanes are remembered if looking for them does not take long.
    var lifetime: Duration = .seconds(1)
    /// The longest time otherwise.
    private static let longest: Duration = .seconds(5)
    /// From so many entries on, those that are over are dropped.
    private static let room = 64

    private struct Entry {
        var lanes: [Lane]
        let end: ContinuousClock.Instant
        /// Whether there are rows with a lock key beside them.
        var hasKeyed = false
        /// Whether all due rows were in these lanes: a claim that takes fewer rows than it wants leaves none.
        var isAll = false
    }

    private var entries: [Key: Entry] = [:]
    private var keyed: [Key: Entry] = [:]
    private var wasCostly = false
    /// The request of the last claim, if it took all due tasks: the next one will most likely find none.
    private var exhausted: Key?
    private var walks: [Key: LaneWalk] = [:]
    private var keyedWalks: [Key: LaneWalk] = [:]

    /// The lanes as they were left, in the order of their first rows, or nil if the claim has to look for these or
    /// others.
    func lanes(for key: Key, at now: ContinuousClock.Instant = .now) -> [Lane]? {
        guard let entry = entries[key], now < entry.end, !entry.hasKeyed else { return nil }
        return entry.lanes
    }

    /// Whether all due rows are in the remembered lanes.
    func isAll(for key: Key) -> Bool { entries[key]?.isAll == true }

    /// Keeps what a look at the tables saw, if a claim can use that alone.
    mutating func keep(seen table: TableLook, for key: Key, at now: ContinuousClock.Instant = .now) {
        guard let lanes = table.lanes, !lanes.isEmpty else { return entries[key] = nil }
        entries[key] = Entry(lanes: lanes, end: now + lifetime, isAll: true)
    }

    /// Whether to look before the next claim, as the last one left nothing.
    func isExhausted(for key: Key) -> Bool { exhausted == key }

    /// Notes whether a claim took all due tasks.
    mutating func note(isExhausted: Bool, for key: Key) { exhausted = isExhausted ? key : nil }

    mutating func note(lookedBeforeClaim table: TableLook, for key: Key) {
        guard table.look.isDue else { return }
        exhausted = nil
        keep(seen: table, for: key)
    }

    /// All that is remembered, for a claim that looks for rows with a lock key too.
    func known(for key: Key, at now: ContinuousClock.Instant = .now) -> Known {
        func lanes(_ entry: Entry?) -> [Lane] { entry.map { now < $0.end ? $0.lanes : [] } ?? [] }
        return Known(
            lanes: lanes(entries[key]),
            keyed: lanes(keyed[key]),
            walk: walks[key] ?? LaneWalk(),
            keyedWalk: keyedWalks[key] ?? LaneWalk()
        )
    }

    /// Notes how far looks came that did not see all lanes at once.
    ///
    /// - Returns: Whether there are lanes that no look has seen yet.
    mutating func walk(_ claimed: ClaimedRows, knowing known: Known, for key: Key) -> Bool {
        var (walk, keyedWalk) = (known.walk, known.keyedWalk)
        if let rest = claimed.rest { walk.note(rest, isFruitless: claimed.tasks.isEmpty) }
        if let rest = claimed.keyedRest { keyedWalk.note(rest, isFruitless: !claimed.hasKeyed) }
        walks[key] = walk.isPartial ? walk : nil
        keyedWalks[key] = keyedWalk.isPartial ? keyedWalk : nil
        return walk.isPartial || keyedWalk.isPartial
    }

    /// Keeps the lanes as a claim left them, whether they were remembered or looked for.
    mutating func keep(after claimed: ClaimedRows, look: Duration, knowing known: Known, for key: Key) {
        if known.lanes.isEmpty { keep(after: claimed, look: look, for: key) } else { keep(after: claimed, for: key) }
        if claimed.keyedLanes.count < Self.many {
            keyed[key] = nil
        } else if known.keyed.isEmpty {
            let life = min(max(lifetime, look * 20), Self.longest)
            keyed[key] = Entry(lanes: claimed.keyedLanes, end: .now + life)
        } else {
            keyed[key]?.lanes = claimed.keyedLanes
        }
    }

    /// Keeps lanes that a look of this duration found, as a claim left them, if that saves enough.
    mutating func keep(
        after claimed: ClaimedRows,
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
        let isFlood = claimed.isFull && (claimed.tasks.count >= Self.flood || isCostlyAgain)
        // Only a look finds rows with a lock key. If there are few lanes beside them, nothing is saved.
        guard claimed.lanes.count >= Self.many || (isFlood && !claimed.hasKeyed) else { return entries[key] = nil }
        let life = isCostlyAgain ? max(lifetime, min(look * 20, Self.longest)) : lifetime
        entries[key] = Entry(lanes: claimed.lanes, end: now + life, hasKeyed: claimed.hasKeyed)
    }

    /// Keeps the remembered lanes as a claim left them, no longer than before.
    mutating func keep(after claimed: ClaimedRows, for key: Key) {
        guard claimed.isFull, !claimed.lanes.isEmpty else { return entries[key] = nil }
        entries[key]?.lanes = claimed.lanes
        entries[key]?.hasKeyed = claimed.hasKeyed
    }
}
