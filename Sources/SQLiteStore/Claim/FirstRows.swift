import GRDB
import TaskRun

/// The first due rows over many lanes, with what was read of each lane.
struct FirstRows {
    /// The rows, in due order.
    private(set) var rows: [DueRow] = []
    private let limit: Int
    /// The lanes, in the order of their first rows.
    let lanes: [Lane]
    /// What was read of the first lanes.
    private var readings: [Reading] = []
    /// The last row wanted, or nil as long as fewer rows than the limit were read.
    private var bound: DueRow?

    /// Finds the first rows.
    ///
    /// It reads the lanes in the order of their first rows, as long as a lane can still have a row before those found.
    /// It reads a few rows of each, and more if all of these are among the first ones.
    init(of lanes: [Lane], keyed: Bool = false, limit: Int, now: String, in database: Database) throws {
        self.lanes = lanes.sorted { $0.position < $1.position }
        self.limit = limit
        let reader = try LaneReader(keyed: keyed, now: now, in: database)
        var depth = min(limit, 2 * limit / max(1, lanes.count) + 1)
        for lane in self.lanes {
            if let bound, lane.position > bound.position { break }
            let reading = try reader.first(depth, of: lane)
            rows += reading.rows
            readings.append(reading)
            if rows.count >= (bound == nil ? limit : 2 * limit) { cut() }
        }
        cut()
        while case let deep = readings.indices.filter({ canGoOn(readings[$0]) }), !deep.isEmpty {
            depth = min(limit, 2 * depth)
            for index in deep {
                let known = readings[index].rows.count
                readings[index] = try reader.first(depth, of: self.lanes[index])
                rows += readings[index].rows.dropFirst(known)
            }
            cut()
        }
    }

    /// Drops all rows beyond the limit.
    private mutating func cut() {
        rows.sort(by: DueRow.inDueOrder)
        guard rows.count >= limit else { return }
        rows.removeLast(rows.count - limit)
        bound = rows.last
    }

    /// Whether a lane can have more of the first rows than those read.
    private func canGoOn(_ reading: Reading) -> Bool {
        guard !reading.isWhole, reading.rows.count < limit, let last = reading.rows.last else { return false }
        return bound.map { last.position < $0.position } ?? true
    }

    /// The lanes after a claim of these rows: each begins with its first row that is left, as far as it was read.
    func lanes(after claimed: Set<Int64>, now: Double) -> [Lane] {
        // A single lane needs no order.
        guard lanes.count > 1 else { return lanes }
        var left = lanes
        for (index, reading) in readings.enumerated() {
            if let next = reading.rows.first(where: { !claimed.contains($0.id) }) {
                (left[index].firstRunAt, left[index].firstID) = (next.runAt, next.id)
            } else if reading.isWhole {
                // The lane is empty: a new task is not due before this moment.
                (left[index].firstRunAt, left[index].firstID) = (now, 0)
            } else if let last = reading.rows.last {
                (left[index].firstRunAt, left[index].firstID) = (last.runAt, last.id)
            }
        }
        return left
    }
}

/// The first due rows of a lane.
private struct Reading {
    let rows: [DueRow]
    /// Whether the lane has no more due rows.
    let isWhole: Bool
}

/// The statement that reads the first rows of a lane.
private struct LaneReader {
    private let statement: BareStatement<FirstRow>
    private let name, queue, priority, limit: Int32

    init(keyed: Bool, now: String, in database: Database) throws {
        let query = keyed ? Statements.headOfKeyedLane : Statements.headOfLane
        statement = try BareStatement(query, in: database)
        (name, queue) = (statement.index(of: "name"), statement.index(of: "queue"))
        (priority, limit) = (statement.index(of: "priority"), statement.index(of: "limit"))
        statement.bind(statement.index(of: "now"), now)
    }

    func first(_ count: Int, of lane: Lane) throws -> Reading {
        statement.bind(name, lane.name)
        statement.bind(queue, blob: lane.queue)
        statement.bind(priority, lane.priority)
        statement.bind(limit, Int64(count))
        var rows: [DueRow] = []
        try statement.forEachRow { row in
            rows.append(DueRow(priority: lane.priority, runAt: row.runAt, id: row.id))
            return true
        }
        return Reading(rows: rows, isWhole: rows.count < count)
    }
}

/// One of the first rows of a lane.
struct FirstRow {
    let id: Int64
    let runAt: Double

    init(_ row: ResultRow) { (id, runAt) = (row.integer("id"), row.double("run_at")) }
}

/// A due row, with what decides its position in due order.
struct DueRow {
    let priority, runAt: Double
    let id: Int64
    var position: (priority: Double, runAt: Double, id: Int64) { (priority, runAt, id) }

    init(priority: Double, runAt: Double, id: Int64) { (self.priority, self.runAt, self.id) = (priority, runAt, id) }

    init(_ row: ResultRow) {
        self.init(priority: row.double("priority"), runAt: row.double("run_at"), id: row.integer("id"))
    }

    /// How long it has been due at a moment, by Julian days; zero if its own moment was not read.
    func waited(at day: Double) -> Duration {
        runAt > 0 ? .microseconds(Int64(max(0, min(day - runAt, 1e6)) * 86_400_000_000)) : .zero
    }

    static func inDueOrder(_ one: DueRow, _ other: DueRow) -> Bool { one.position < other.position }
}
