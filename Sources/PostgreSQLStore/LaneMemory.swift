import TaskRun

/// The lanes that were found for a claim, kept for a second where there are many.
///
/// Few lanes are looked for at each claim, so that a task in a lane nobody knew of is found at once. To look for
/// thousands takes longer than to claim from them.
struct LaneMemory: Sendable {
    /// Fewer lanes are not worth remembering.
    static let many = 200
    /// How long lanes are remembered.
    static let lifetime: Duration = .seconds(1)

    /// What the lanes were looked for.
    struct Key: Sendable, Hashable {
        let names: [String]
        let queues: [String]?

        init(_ request: ClaimRequest) {
            names = request.names
            queues = request.queues
        }
    }

    private var entry: (key: Key, lanes: [Lane], end: ContinuousClock.Instant)?

    /// The lanes that were found less than a second ago, by their first rows; nil where they are to be looked for.
    func lanes(for key: Key, at now: ContinuousClock.Instant = .now) -> [Lane]? {
        guard let entry, entry.key == key, now < entry.end else { return nil }
        return entry.lanes
    }

    /// Keeps lanes, if they are many.
    ///
    /// - Parameters:
    ///   - lanes: The lanes, by their first rows.
    ///   - areNew: Whether they were just found; if not, they are what a claim left of those that were known.
    ///   - key: What they were looked for.
    ///   - now: The moment to go by.
    mutating func remember(_ lanes: [Lane], areNew: Bool, for key: Key, at now: ContinuousClock.Instant = .now) {
        let end = areNew ? now + Self.lifetime : entry?.end
        entry = end.flatMap { lanes.count < Self.many ? nil : (key, lanes, $0) }
    }
}
