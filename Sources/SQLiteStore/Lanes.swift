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

    /// The lanes, if they were looked for within the last second; within the last 5 s at most where looking takes long.
    func recall(_ key: Key) -> [Lane]? {
        guard let entry = entries[key], .now < entry.end else { return nil }
        return entry.lanes
    }

    /// Keeps what a look found.
    ///
    /// - Parameters:
    ///   - lanes: What was found.
    ///   - key: What was looked for.
    ///   - look: How long it took: looking is not to take more than a twentieth of the time.
    mutating func keep(_ lanes: [Lane], for key: Key, look: Duration) {
        if entries.count >= 64 { entries = entries.filter { .now < $0.value.end } }
        let life = min(max(.seconds(1), look * 20), .seconds(5))
        entries[key] = Entry(lanes: lanes, end: .now.advanced(by: life))
    }

    /// Keeps what a claim left of lanes, no longer than before.
    mutating func keep(_ lanes: [Lane], for key: Key) { entries[key]?.lanes = lanes }
}

extension Database {
    /// What each priority is greater than.
    private static let beforeAll = Double(Int32.min) - 1

    /// Finds the lanes that have a due task and are not paused, by stepping from lane to lane.
    ///
    /// - Parameters:
    ///   - names: The task names.
    ///   - queues: The queues; nil: all.
    ///   - keyed: Whether the tasks with a lock key are meant, or those without.
    ///   - now: The moment to go by.
    ///   - most: Stop when so many were found.
    /// - Returns: The lanes.
    /// - Throws: What the database reports.
    func lanes(
        names: [String],
        queues: QueueFilter?,
        keyed: Bool = false,
        now: String,
        atMost most: Int = .max
    ) throws -> [Lane] {
        let moment = try Double.fetchOne(cachedStatement(sql: "SELECT julianday(?)"), arguments: [now]) ?? 0
        let statement = try cachedStatement(sql: SQLiteStatements.pausedQueues)
        let paused = Set(
            try Row.fetchAll(statement, arguments: ["now": now]).compactMap { $0.bytes(0).map { [UInt8]($0) } }
        )
        let nextQueue = try LaneStep(keyed ? SQLiteStatements.nextKeyedQueue : SQLiteStatements.nextQueue, in: self)
        let nextPriority = try LaneStep(
            keyed ? SQLiteStatements.nextKeyedPriority : SQLiteStatements.nextPriority,
            in: self
        )
        var due: [Lane] = []
        func keep(_ lane: Lane) {
            if lane.head <= moment, paused.isEmpty || !paused.contains(lane.queue) { due.append(lane) }
        }
        /// The lanes of a queue behind a priority.
        func lanes(_ name: String, _ queue: [UInt8], after priority: Double) throws {
            var priority = priority
            while due.count < most, let lane = try nextPriority.lane(name, queue, after: priority) {
                guard lane.priority > priority else { break }
                priority = lane.priority
                keep(lane)
            }
        }
        for name in names.eachOnce {
            if let queues = queues?.names {
                for queue in queues.eachOnce { try lanes(name, [UInt8](queue.utf8), after: Self.beforeAll) }
                continue
            }
            var queue: [UInt8] = []
            while due.count < most, let lane = try nextQueue.lane(name, queue, after: nil) {
                guard queue.lexicographicallyPrecedes(lane.queue) else { break }
                queue = lane.queue
                if queues?.contains(String(decoding: queue, as: UTF8.self)) == false { continue }
                keep(lane)
                try lanes(name, queue, after: lane.priority)
            }
        }
        return due
    }
}

extension [String] {
    /// The same texts, each once, by their bytes: to Swift more texts are equal than to the table.
    fileprivate var eachOnce: [String] {
        var seen: Set<[UInt8]> = []
        return filter { seen.insert(Array<UInt8>($0.utf8)).inserted }
    }
}

/// One of the two statements that step from lane to lane; there may be tens of thousands of lanes.
private struct LaneStep {
    private let statement: BareStatement
    private let name, queue: Int32
    private let priority: Int32?

    init(_ sql: String, in database: Database) throws {
        statement = try BareStatement(sql, in: database)
        (name, queue) = (statement.place(of: "name"), statement.place(of: "queue"))
        priority = sql.contains(":priority") ? statement.place(of: "priority") : nil
    }

    /// The next lane of a name, behind a queue or behind a priority of a queue; nil: there is none.
    func lane(_ name: String, _ queue: [UInt8], after priority: Double?) throws -> Lane? {
        statement.bind(self.name, name)
        statement.bind(self.queue, blob: queue)
        if let place = self.priority, let priority { statement.bind(place, priority) }
        var lane: Lane?
        try statement.forEachRow { row in
            lane = Lane(
                name: name,
                queue: [UInt8](row.bytes(0)),
                priority: row.double(1),
                head: row.double(2),
                headID: row.integer(3)
            )
            return true
        }
        return lane
    }
}
