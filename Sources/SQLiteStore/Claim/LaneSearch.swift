import GRDB
import TaskRun

/// Finds the lanes that have a due task and are not paused, by going from lane to lane.
struct LaneSearch: Sendable {
    /// How many rows one search reads at most, which takes some 50 ms.
    ///
    /// Usually it reads a handful. But a table may have a million queues with one task each for tomorrow.
    private static let budget = 100_000

    /// The lanes found.
    let due: [Lane]
    /// Where the search ended before it had seen all lanes, or nil if it has seen all.
    let rest: LanePosition?

    /// Whether certainly nothing is due.
    var isNothing: Bool { due.isEmpty && rest == nil }

    /// Searches these names and queues (nil: all) for tasks with or without a lock key, from a position on (nil: from
    /// the first lane).
    init(
        names: [String],
        queues: QueueFilter?,
        keyed: Bool = false,
        now: String,
        atMost most: Int = .max,
        from position: LanePosition? = nil,
        in database: Database
    ) throws {
        let moment = try database.first(Statements.julianDay, ["moment": now]) ?? 0
        let paused = Set(try database.rows(Statements.pausedQueues, ["now": now]))
        let walk = LaneWalk(
            queues: try LaneScan(keyed ? Statements.nextKeyedQueue : Statements.nextQueue, in: database),
            priorities: try LaneScan(keyed ? Statements.nextKeyedPriority : Statements.nextPriority, in: database),
            most: most,
            budget: Self.budget
        ) { lane in
            guard lane.firstRunAt <= moment, paused.isEmpty || !paused.contains(lane.queue) else { return false }
            return queues?.names != nil || queues?.contains(String(decoding: lane.queue, as: UTF8.self)) ?? true
        }
        rest = try walk.go(names.eachOnce, queues?.names?.eachOnce, from: position ?? LanePosition())
        due = walk.due
    }
}

/// A position among the lanes, from which a search continues.
struct LanePosition: Sendable, Equatable {
    /// The index of the name, and of the queue if the request names its queues.
    fileprivate(set) var name = 0
    fileprivate(set) var number = 0
    /// After this queue, or after this priority of it.
    fileprivate(set) var queue: [UInt8] = []
    fileprivate(set) var priority: Double?
}

extension [String] {
    /// The texts without repeats, compared by their bytes as in the table, because Swift treats more texts as equal.
    fileprivate var eachOnce: [String] {
        var seen: Set<[UInt8]> = []
        return filter { seen.insert(Array<UInt8>($0.utf8)).inserted }
    }
}

/// The walk of one search from lane to lane.
///
/// A class: its scans call it for each row while it runs them.
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

    /// A priority that is smaller than any other.
    private static let beforeAll = Double(Int32.min) - 1

    /// Walks along the lanes, and returns where it stopped, or nil if it saw all.
    func go(_ names: [String], _ list: [String]?, from start: LanePosition) throws -> LanePosition? {
        var position = start
        while position.name < names.count {
            let name = names[position.name]
            if let list {
                while position.number < list.count {
                    let queue = [UInt8](list[position.number].utf8)
                    if let last = try goOn(name, queue, after: position.priority ?? Self.beforeAll) {
                        position.priority = last.priority
                        return position
                    }
                    (position.number, position.priority) = (position.number + 1, nil)
                }
            } else if let last = try goOn(name, after: position) {
                (position.queue, position.priority) = (last.queue, last.priority)
                return position
            }
            position = LanePosition(name: position.name + 1)
        }
        return nil
    }

    /// Walks all queues of a name after a position, and returns the lane at which it stopped, or nil if it saw all.
    private func goOn(_ name: String, after position: LanePosition) throws -> Lane? {
        var queue = position.queue
        if let priority = position.priority, let last = try goOn(name, queue, after: priority) { return last }
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

    /// Walks all priorities of a queue after one, and returns the lane at which it stopped, or nil if it saw all.
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

    /// Notes a lane, or one more row of it, and returns whether to continue.
    private func visit(_ lane: Lane, isFirst: Bool) -> Bool {
        budget -= 1
        if isFirst, isWanted(lane) { due.append(lane) }
        return budget > 0 && due.count < most
    }
}

/// One of the two statements that go from lane to lane.
///
/// A lane of few rows is read row by row, which is some ten times as fast as a step from lane to lane. In a longer lane
/// the rest is skipped.
private struct LaneScan {
    private static let long = 8

    /// How a scan ended.
    enum End {
        /// There are no more rows.
        case end
        /// This lane has more rows.
        case long(Lane)
        /// The visitor stopped after this lane.
        case stopped(Lane)
    }

    private let statement: BareStatement<LaneRow>
    private let name, queue: Int32
    private let priority: Int32?

    init(_ query: Query<LaneRow>, in database: Database) throws {
        statement = try BareStatement(query, in: database)
        (name, queue) = (statement.index(of: "name"), statement.index(of: "queue"))
        priority = statement.indexIfAny(of: "priority")
    }

    /// Visits the rows of a name, after a queue or after a priority of a queue.
    func scan(
        _ name: String,
        _ queue: [UInt8],
        after priority: Double?,
        _ visit: (Lane, _ isFirst: Bool) -> Bool
    ) throws -> End {
        statement.bind(self.name, name)
        statement.bind(self.queue, blob: queue)
        if let index = self.priority, let priority { statement.bind(index, priority) }
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

/// A row that a walk along the lanes of a task name meets.
struct LaneRow {
    /// The bytes of its queue, valid as long as this row is the current one.
    let queue: UnsafeRawBufferPointer
    let priority: Double
    let runAt: Double
    let id: Int64

    init(_ row: ResultRow) {
        (queue, priority) = (row.bytes("queue"), row.double("priority"))
        (runAt, id) = (row.double("run_at"), row.integer("id"))
    }

    /// The lane whose first row this is.
    func lane(of name: String) -> Lane {
        Lane(name: name, queue: [UInt8](queue), priority: priority, firstRunAt: runAt, firstID: id)
    }
}
