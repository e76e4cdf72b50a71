import GRDB
import TaskRun

/// What a look over lanes brought.
struct LaneLook: Sendable {
    /// The lanes that have a due task and are not paused.
    var due: [Lane] = []
    /// Where it ended before it had seen all lanes; nil: it has seen them to the end.
    var rest: LanePlace?

    /// Whether nothing is due for sure.
    var isNothing: Bool { due.isEmpty && rest == nil }
}

/// Where a look over lanes goes on.
struct LanePlace: Sendable, Equatable {
    /// The number of the name, and of the queue where queues are asked for by name.
    fileprivate(set) var name = 0
    fileprivate(set) var number = 0
    /// Behind this queue, or behind this priority of it.
    fileprivate(set) var queue: [UInt8] = []
    fileprivate(set) var priority: Double?
}

extension Database {
    /// How many rows one look reads at most: some 50 ms.
    ///
    /// Usually it is a handful. Somebody may have a million queues with one task each for tomorrow.
    static let laneBudget = 100_000

    /// Finds the lanes that have a due task and are not paused, by going from lane to lane.
    ///
    /// - Parameters:
    ///   - names: The task names.
    ///   - queues: The queues; nil: all.
    ///   - keyed: Whether the tasks with a lock key are meant, or those without.
    ///   - now: The moment to go by.
    ///   - most: Stop when so many were found.
    ///   - place: Where to begin; nil: at the first lane.
    ///   - budget: Stop when so many rows were read.
    /// - Returns: The lanes, and where it ended.
    /// - Throws: What the database reports.
    func lanes(
        names: [String],
        queues: QueueFilter?,
        keyed: Bool = false,
        now: String,
        atMost most: Int = .max,
        from place: LanePlace? = nil,
        budget: Int = laneBudget
    ) throws -> LaneLook {
        let moment = try first(Statements.julianDay, ["moment": now]) ?? 0
        let paused = Set(try rows(Statements.pausedQueues, ["now": now]))
        let walk = LaneWalk(
            queues: try LaneScan(keyed ? Statements.nextKeyedQueue : Statements.nextQueue, in: self),
            priorities: try LaneScan(
                keyed ? Statements.nextKeyedPriority : Statements.nextPriority,
                in: self
            ),
            most: most,
            budget: budget
        ) { lane in
            guard lane.head <= moment, paused.isEmpty || !paused.contains(lane.queue) else { return false }
            return queues?.names != nil || queues?.contains(String(decoding: lane.queue, as: UTF8.self)) ?? true
        }
        let rest = try walk.go(names.eachOnce, queues?.names?.eachOnce, from: place ?? LanePlace())
        return LaneLook(due: walk.due, rest: rest)
    }
}

extension [String] {
    /// The same texts, each once, by their bytes: to Swift more texts are equal than to the table.
    fileprivate var eachOnce: [String] {
        var seen: Set<[UInt8]> = []
        return filter { seen.insert(Array<UInt8>($0.utf8)).inserted }
    }
}

/// One look on its way.
///
/// A class: its scans tell it of each row while it runs them.
private final class LaneWalk {
    let queues: LaneScan
    let priorities: LaneScan
    let most: Int
    var budget: Int
    let isWanted: (Lane) -> Bool
    var due: [Lane] = []

    init(queues: LaneScan, priorities: LaneScan, most: Int, budget: Int, isWanted: @escaping (Lane) -> Bool) {
        (self.queues, self.priorities, self.most) = (queues, priorities, most)
        (self.budget, self.isWanted) = (budget, isWanted)
    }

    /// What each priority is greater than.
    private static let beforeAll = Double(Int32.min) - 1

    /// Goes along until all lanes were seen; else says where it ended.
    func go(_ names: [String], _ list: [String]?, from start: LanePlace) throws -> LanePlace? {
        var place = start
        while place.name < names.count {
            let name = names[place.name]
            if let list {
                while place.number < list.count {
                    let queue = [UInt8](list[place.number].utf8)
                    if let last = try goOn(name, queue, after: place.priority ?? Self.beforeAll) {
                        place.priority = last.priority
                        return place
                    }
                    (place.number, place.priority) = (place.number + 1, nil)
                }
            } else if let last = try goOn(name, behind: place) {
                (place.queue, place.priority) = (last.queue, last.priority)
                return place
            }
            place = LanePlace(name: place.name + 1)
        }
        return nil
    }

    /// All queues of a name, from a place on; the lane at which it stopped.
    private func goOn(_ name: String, behind place: LanePlace) throws -> Lane? {
        var queue = place.queue
        if let priority = place.priority, let last = try goOn(name, queue, after: priority) { return last }
        while true {
            switch try queues.scan(name, queue, after: nil, visit) {
            case .end: return nil
            case .stopped(let lane): return lane
            case .long(let lane):
                guard queue.lexicographicallyPrecedes(lane.queue) else { return nil }
                queue = lane.queue
                if let last = try goOn(name, queue, after: lane.priority) { return last }
            }
        }
    }

    /// All priorities of a queue behind one; the lane at which it stopped.
    private func goOn(_ name: String, _ queue: [UInt8], after start: Double) throws -> Lane? {
        var priority = start
        while true {
            switch try priorities.scan(name, queue, after: priority, visit) {
            case .end: return nil
            case .stopped(let lane): return lane
            case .long(let lane):
                guard lane.priority > priority else { return nil }
                priority = lane.priority
            }
        }
    }

    /// Takes note of a lane, or of one more row of it; says whether to go on.
    private func visit(_ lane: Lane, isFirst: Bool) -> Bool {
        budget -= 1
        if isFirst, isWanted(lane) { due.append(lane) }
        return budget > 0 && due.count < most
    }
}

/// One of the two statements that go from lane to lane.
///
/// Lanes of few rows are gone through row by row, which is some ten times as fast as a step from lane to lane; of a longer one the rest
/// is stepped over.
private struct LaneScan {
    private static let long = 8

    /// How a scan ended.
    enum End {
        /// Nothing more is behind.
        case end
        /// This lane has more rows.
        case long(Lane)
        /// The visitor wanted no more; this lane was seen.
        case stopped(Lane)
    }

    private let statement: BareStatement<LaneRow>
    private let name, queue: Int32
    private let priority: Int32?

    init(_ query: Query<LaneRow>, in database: Database) throws {
        statement = try BareStatement(query, in: database)
        (name, queue) = (statement.place(of: "name"), statement.place(of: "queue"))
        priority = statement.placeIfAny(of: "priority")
    }

    /// Visits the rows of a name, behind a queue or behind a priority of a queue.
    func scan(
        _ name: String,
        _ queue: [UInt8],
        after priority: Double?,
        _ visit: (Lane, _ isFirst: Bool) -> Bool
    ) throws -> End {
        statement.bind(self.name, name)
        statement.bind(self.queue, blob: queue)
        if let place = self.priority, let priority { statement.bind(place, priority) }
        var (last, count): (Lane?, Int) = (nil, 0)
        var end = End.end
        try statement.forEachRow { row in
            if let lane = last, lane.priority == row.priority, row.queue.elementsEqual(lane.queue) {
                count += 1
                end = visit(lane, false) ? (count < Self.long ? .end : .long(lane)) : .stopped(lane)
            } else {
                let lane = row.lane(of: name)
                (last, count) = (lane, 1)
                end = visit(lane, true) ? .end : .stopped(lane)
            }
            if case .end = end { return true }
            return false
        }
        return end
    }
}

/// A row on the way along the lanes of a task name.
struct LaneRow {
    /// The bytes of its queue, valid for as long as the row is the present one.
    let queue: UnsafeRawBufferPointer
    let priority: Double
    let runAt: Double
    let id: Int64

    static func reader(_ columns: Columns) -> (ResultRow) -> LaneRow {
        let (queue, priority) = (columns["queue"], columns["priority"])
        let (runAt, id) = (columns["run_at"], columns["id"])
        return { row in
            LaneRow(
                queue: row.bytes(queue),
                priority: row.double(priority),
                runAt: row.double(runAt),
                id: row.integer(id)
            )
        }
    }

    /// The lane whose first row this is.
    func lane(of name: String) -> Lane {
        Lane(name: name, queue: [UInt8](queue), priority: priority, head: runAt, headID: id)
    }
}
