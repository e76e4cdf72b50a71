import TaskRun

/// Looks for due tasks on a connection of its own, without a lock that could stop another program.
///
/// With a rollback journal a reader's lock keeps a writer from committing: a program without a busy timeout would get
/// the error that the database is locked. So this connection is read-only and takes no locks (`nolock=1`). A read
/// during a commit may be inconsistent, but it is only a hint: the file is read again after its last change, and
/// nothing is kept between two looks. In WAL mode readers stop no other program, and reading without locks is not
/// possible.
final class DueLook {
    private typealias Unreadable = RawConnection.Unreadable

    /// The answer of one look.
    enum Answer: Equatable {
        /// A row is due.
        case due
        /// The first row will be due after this long.
        case later(Duration)
        /// No row waits.
        case nothing
        /// The file could not be read at this moment.
        case unknown
    }

    /// The most lanes that one look reads.
    ///
    /// If there are more, a claim must find out: it continues where its last search ended.
    private static let most = 20_000

    private let connection: RawConnection
    private var steps = 0
    /// Whether the file is in WAL mode.
    let isWAL: Bool

    private init?(path: String, isWAL: Bool) {
        self.isWAL = isWAL
        guard let connection = RawConnection(path: path, options: isWAL ? "mode=rw" : "mode=ro&nolock=1") else {
            return nil
        }
        self.connection = connection
    }

    /// Opens a file, or returns nil if that is not possible at this moment.
    static func open(_ path: String) -> DueLook? {
        guard let look = DueLook(path: path, isWAL: false) else { return nil }
        if (try? look.connection.first(Pragma.schemaVersion)) != nil { return look }
        return look.connection.cannotOpen ? DueLook(path: path, isWAL: true) : nil
    }

    /// A number that rises when another connection commits, in WAL mode only.
    func dataVersion() -> Int64? { try? connection.first(Pragma.dataVersion) }

    /// Reads in one transaction.
    private func read<Value>(_ body: () throws(Unreadable) -> Value) throws(Unreadable) -> Value {
        // The pages in memory may stem from the middle of a commit.
        if !isWAL { connection.forgetPages() }
        try connection.run(Pragma.begin)
        defer { try? connection.run(Pragma.commit) }
        return try body()
    }

    /// Finds the first moment at which a row of these names and queues is due.
    func look(names: [String], queues: QueueFilter?) -> Answer {
        steps = 0
        return (try? read { () throws(Unreadable) in try first(names, queues) }) ?? .unknown
    }

    /// Whether no claim looks at the next row of a lock key, or a task still waits for a batch that has ended.
    ///
    /// If many rows are behind others, it looks at some of them, each time at different ones.
    func needsRepair() -> Bool {
        let found = try? read { () throws(Unreadable) -> Bool in
            if let span = try connection.first(Statements.spanBehind)?.ids {
                for start in [span.lowerBound, Int64.random(in: span)] {
                    let values: [String: RawValue] = [
                        "id": .number(Double(start)), "limit": .number(1000), "now": .text("now"),
                    ]
                    if try connection.finds(Statements.deserted, values) { return true }
                }
            }
            if try connection.finds(Statements.crashedWithoutKey, ["limit": .number(1)]) { return true }
            return try connection.finds(Statements.ended, ["after": .text(""), "limit": .number(1)])
        }
        return found ?? false
    }

    private func first(_ names: [String], _ queues: QueueFilter?) throws(Unreadable) -> Answer {
        guard let now = try connection.first(Statements.present) else { throw Unreadable() }
        var first = try connection.first(Statements.firstExpiry).flatMap(\.self) ?? .infinity
        // Rows without and rows with a lock key are in two indexes. The second one is often empty.
        let kinds = try connection.finds(Statements.anyOpen) ? [Steps.plain, .keyed] : [.plain]
        for name in names where first > now {
            first = min(first, try firstOfCrashed(name, queues))
            for steps in kinds where first > now { first = min(first, try firstOf(name, queues, steps, now)) }
        }
        if steps > Self.most { return .due }
        if first == .infinity { return .nothing }
        return first <= now ? .due : .later(.seconds((first - now) * 86400))
    }

    /// The statements that step along one of the indexes of due rows.
    private struct Steps {
        let queue, priority: Query<LaneRow>
        static let plain = Steps(queue: Statements.nextQueue, priority: Statements.nextPriority)
        static let keyed = Steps(queue: Statements.nextKeyedQueue, priority: Statements.nextKeyedPriority)
    }

    /// The first moment over the lanes of a name, or infinity if there is none.
    private func firstOf(
        _ name: String,
        _ queues: QueueFilter?,
        _ steps: Steps,
        _ now: Double
    ) throws(Unreadable) -> Double {
        var first = Double.infinity
        for queue in queues?.names ?? [] where first > now {
            let queue = [UInt8](queue.utf8)
            let open = try opening(of: queue)
            let moment = try firstOfLanes(name, queue, steps, after: Self.beforeAll, max(now, open))
            first = min(first, max(moment, open))
        }
        var queue: [UInt8] = []
        while queues?.names == nil, first > now {
            guard let lane = try step(steps.queue, name, queue, nil), queue.lexicographicallyPrecedes(lane.queue) else {
                break
            }
            queue = lane.queue
            if queues?.contains(String(decoding: queue, as: UTF8.self)) == false { continue }
            let open = try opening(of: queue)
            let moment = try firstOfLanes(name, queue, steps, after: lane.priority, max(now, open))
            first = min(first, max(min(lane.firstRunAt, moment), open))
        }
        return first
    }

    /// A priority that is smaller than any other.
    private static let beforeAll = Double(Int32.min) - 1

    /// The first moment over the priorities of a queue, or infinity if there is none.
    private func firstOfLanes(
        _ name: String,
        _ queue: [UInt8],
        _ steps: Steps,
        after priority: Double,
        _ now: Double
    ) throws(Unreadable) -> Double {
        var (priority, first) = (priority, Double.infinity)
        while first > now {
            guard let lane = try step(steps.priority, name, queue, priority), lane.priority > priority else { break }
            (priority, first) = (lane.priority, min(first, lane.firstRunAt))
        }
        return first
    }

    /// When a queue's pause ends, or a moment long ago if it is not paused.
    private func opening(of queue: [UInt8]) throws(Unreadable) -> Double {
        try connection.first(Statements.pausedUntil, ["queue": .blob(queue)]).flatMap(\.self) ?? 0
    }

    private func firstOfCrashed(_ name: String, _ queues: QueueFilter?) throws(Unreadable) -> Double {
        var values: [String: RawValue] = ["name": .text(name)]
        values["queues"] = queues.map { .text($0.globs) }
        values["except"] = queues.map { .text($0.exceptGlobs) }
        return try connection.first(Statements.firstCrashed, values).flatMap(\.self) ?? .infinity
    }

    /// The next lane, or nil after the most lanes of one look.
    private func step(
        _ query: Query<LaneRow>,
        _ name: String,
        _ queue: [UInt8],
        _ priority: Double?
    ) throws(Unreadable) -> Lane? {
        steps += 1
        guard steps <= Self.most else { return nil }
        var values: [String: RawValue] = ["name": .text(name), "queue": .blob(queue)]
        values["priority"] = priority.map { .number($0) }
        return try connection.first(query, values) { $0.lane(of: name) }
    }
}
