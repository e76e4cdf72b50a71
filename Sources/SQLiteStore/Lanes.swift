import GRDB
import TaskRun

/// One task name, queue and priority, and the place of its first task in due order.
struct Lane: Sendable, Equatable {
    let name: String
    /// The bytes of the queue's name: they need not be UTF-8.
    let queue: [UInt8]
    /// A whole number of 32 bits, if the table's checks were obeyed.
    let priority: Double
    /// `run_at` of the first task as a Julian day; later on, a lower bound of it.
    var head: Double
    /// The number of the first task; later on, of one that no waiting task of that moment stands before.
    var headID: Int64

    /// The place of the first task.
    var place: (priority: Double, runAt: Double, id: Int64) { (priority, head, headID) }
}

/// The lanes that the last looks found, and whether they can still be gone by.
struct LaneMemory: Sendable {
    /// What lanes are looked for.
    struct Key: Hashable {
        let names: [String]
        let queues: QueueFilter?
        /// Whether those of the tasks with a lock key are meant.
        let isKeyed: Bool

        init(_ request: ClaimRequest, keyed: Bool) {
            (names, queues, isKeyed) = (request.names, request.queues, keyed)
        }
    }

    private struct Entry {
        var lanes: [Lane]
        let end: ContinuousClock.Instant
    }

    private var entries: [Key: Entry] = [:]
    /// Looks that did not see all lanes at once: where the last one began, nil for the first lane, and where it ended, nil for the last.
    private var walks: [Key: (start: LanePlace?, rest: LanePlace?)] = [:]

    /// The lanes, if they were looked for within the last second; within the last 5 s at most where looking takes long.
    func recall(_ key: Key) -> [Lane]? {
        guard let entry = entries[key], .now < entry.end else { return nil }
        return entry.lanes
    }

    /// Where the next look begins; nil: at the first lane.
    func start(_ key: Key) -> LanePlace? { walks[key]?.start }

    /// Whether there are lanes that were not seen by the last look, nor by those before it.
    func isPartial(_ key: Key) -> Bool { walks[key] != nil }

    /// Lets the next look begin where the last one ended: nothing came from the lanes that it saw.
    mutating func advance(_ key: Key) { walks[key] = walks[key]?.rest.map { (start: $0, rest: nil) } }

    /// Keeps what a look found, and where it ended.
    ///
    /// - Parameters:
    ///   - found: What was found.
    ///   - key: What was looked for.
    ///   - look: How long it took: looking is not to take more than a twentieth of the time.
    mutating func keep(_ found: LaneLook, for key: Key, look: Duration) {
        if entries.count >= 64 {
            entries = entries.filter { .now < $0.value.end }
            walks = walks.filter { entries[$0.key] != nil }
        }
        let life = min(max(.seconds(1), look * 20), .seconds(5))
        entries[key] = Entry(lanes: found.due, end: .now.advanced(by: life))
        let start = walks[key]?.start
        walks[key] = start == nil && found.rest == nil ? nil : (start, found.rest)
        if found.due.isEmpty { advance(key) }
    }

    /// Keeps what a claim left of lanes, no longer than before.
    mutating func keep(_ lanes: [Lane], for key: Key) { entries[key]?.lanes = lanes }
}
