import TaskRun

/// Tasks of one name, queue and priority: the rows that stand together in the index of due tasks.
struct Lane: Sendable, Hashable {
    let name: String
    let queue: String
    let priority: Int64
}

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

    /// The lanes found less than a second ago; nil where they are to be looked for.
    func lanes(for key: Key, at now: ContinuousClock.Instant = .now) -> [Lane]? {
        guard let entry, entry.key == key, now < entry.end else { return nil }
        return entry.lanes
    }

    /// Keeps lanes that were just found, if they are many.
    mutating func remember(_ lanes: [Lane], for key: Key, at now: ContinuousClock.Instant = .now) {
        entry = lanes.count < Self.many ? nil : (key, lanes, now + Self.lifetime)
    }
}
