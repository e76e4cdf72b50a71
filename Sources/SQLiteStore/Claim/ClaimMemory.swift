import Synchronization
import TaskRun

/// What a store remembers from one claim to the next.
///
/// A class: the store and its claims share it.
final class ClaimMemory: Sendable {
    /// Lanes that a claim of the last second found, so that not every claim searches for thousands of them.
    let lanes = Mutex(LaneMemory())
    /// Rows that the table refuses to let be claimed, and that claims pass over.
    let avoided = Mutex(AvoidedRows())
    let expiryPriority = Mutex(ExpiryPriority())
    /// Whether `tasks` has triggers of another program, and at which version of the schema this was found.
    let triggers = Mutex<(version: Int64, exist: Bool)?>(nil)
    /// Whether the history is written.
    let history: HistoryKeeper

    init(history: HistoryKeeper) { self.history = history }
}

/// The lanes that the last searches found, and how long they can be used.
struct LaneMemory: Sendable {
    /// Which lanes a search is for.
    struct Key: Hashable {
        let names: [String]
        let queues: QueueFilter?
        /// Whether these are the lanes of tasks with a lock key.
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
    /// Searches that did not see all lanes at once: where the last one began (nil: at the first lane) and ended (nil:
    /// at the last lane).
    private var walks: [Key: (start: LanePosition?, rest: LanePosition?)] = [:]

    /// The lanes, if a search found them within the last second, or within the last 5 s at most if searching takes
    /// long.
    func recall(_ key: Key) -> [Lane]? {
        guard let entry = entries[key], .now < entry.end else { return nil }
        return entry.lanes
    }

    /// Where the next search begins, or nil for the first lane.
    func start(_ key: Key) -> LanePosition? { walks[key]?.start }

    /// Whether there are lanes that neither the last search nor those before it saw.
    func isPartial(_ key: Key) -> Bool { walks[key] != nil }

    /// Lets the next search begin where the last one ended, as the lanes that it saw had no task to claim.
    mutating func advance(_ key: Key) { walks[key] = walks[key]?.rest.map { (start: $0, rest: nil) } }

    /// Keeps the lanes that a search found, and where it ended, so long that searching takes at most a twentieth of the
    /// time.
    mutating func keep(_ found: LaneSearch, for key: Key, taking time: Duration) {
        if entries.count >= 64 {
            entries = entries.filter { .now < $0.value.end }
            walks = walks.filter { entries[$0.key] != nil }
        }
        let life = min(max(.seconds(1), time * 20), .seconds(5))
        entries[key] = Entry(lanes: found.due, end: .now.advanced(by: life))
        let start = walks[key]?.start
        walks[key] = start == nil && found.rest == nil ? nil : (start, found.rest)
        if found.due.isEmpty { advance(key) }
    }

    /// Keeps the lanes as a claim left them, no longer than before.
    mutating func keep(_ lanes: [Lane], for key: Key) { entries[key]?.lanes = lanes }
}
