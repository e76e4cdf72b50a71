import GRDB
import TaskRun

/// The first due rows over many lanes, and what was seen of the lanes on the way.
struct Heads {
    typealias Candidate = SQLiteStore.Candidate

    /// The rows, in due order.
    private(set) var rows: [Candidate] = []
    private let limit: Int
    /// The lanes, in the order of their first rows.
    let lanes: [Lane]
    /// What was read of the first ones.
    private var seen: [Reading] = []
    /// Nothing behind this row is wanted; nil as long as fewer than the limit were seen.
    private var bound: Candidate?

    /// Finds the first rows.
    ///
    /// Lanes are asked in the order of their first rows, and only as long as they can still have something that comes
    /// before what was found. Of each a few rows are read, and more where all of these are among the first ones.
    init(of lanes: [Lane], keyed: Bool = false, limit: Int, now: String, in database: Database) throws {
        self.lanes = lanes.sorted { $0.place < $1.place }
        self.limit = limit
        let reader = try LaneReader(keyed: keyed, now: now, in: database)
        var depth = min(limit, 2 * limit / max(1, lanes.count) + 1)
        for lane in self.lanes {
            if let bound, lane.place > bound.place { break }
            let reading = try reader.first(depth, of: lane)
            rows += reading.rows
            seen.append(reading)
            if rows.count >= (bound == nil ? limit : 2 * limit) { cut() }
        }
        cut()
        while case let deep = seen.indices.filter({ canGoOn(seen[$0]) }), !deep.isEmpty {
            depth = min(limit, 2 * depth)
            for index in deep {
                let known = seen[index].rows.count
                seen[index] = try reader.first(depth, of: self.lanes[index])
                rows += seen[index].rows.dropFirst(known)
            }
            cut()
        }
    }

    /// Leaves the first rows only.
    private mutating func cut() {
        rows.sort(by: Candidate.inDueOrder)
        guard rows.count >= limit else { return }
        rows.removeLast(rows.count - limit)
        bound = rows.last
    }

    /// Whether a lane can have more of the first rows than were read.
    private func canGoOn(_ reading: Reading) -> Bool {
        guard !reading.isWhole, reading.rows.count < limit, let last = reading.rows.last else { return false }
        return bound.map { last.place < $0.place } ?? true
    }

    /// The lanes when these rows are taken: each begins with the first one that is left, as far as that was seen.
    func lanes(after taken: Set<Int64>, now: Double) -> [Lane] {
        // The order of one lane is no question.
        guard lanes.count > 1 else { return lanes }
        var left = lanes
        for (index, reading) in seen.enumerated() {
            if let next = reading.rows.first(where: { !taken.contains($0.id) }) {
                (left[index].head, left[index].headID) = (next.runAt, next.id)
            } else if reading.isWhole {
                // Empty: what comes will not stand before this moment.
                (left[index].head, left[index].headID) = (now, 0)
            } else if let last = reading.rows.last {
                (left[index].head, left[index].headID) = (last.runAt, last.id)
            }
        }
        return left
    }
}

/// The first due rows of a lane.
private struct Reading {
    let rows: [SQLiteStore.Candidate]
    /// Whether these are all.
    let isWhole: Bool
}

/// The statement that reads the first rows of a lane.
private struct LaneReader {
    private let statement: BareStatement<Head>
    private let name, queue, priority, limit: Int32

    init(keyed: Bool, now: String, in database: Database) throws {
        let query = keyed ? Statements.headOfKeyedLane : Statements.headOfLane
        statement = try BareStatement(query, in: database)
        (name, queue) = (statement.place(of: "name"), statement.place(of: "queue"))
        (priority, limit) = (statement.place(of: "priority"), statement.place(of: "limit"))
        statement.bind(statement.place(of: "now"), now)
    }

    func first(_ count: Int, of lane: Lane) throws -> Reading {
        statement.bind(name, lane.name)
        statement.bind(queue, blob: lane.queue)
        statement.bind(priority, lane.priority)
        statement.bind(limit, Int64(count))
        var rows: [SQLiteStore.Candidate] = []
        try statement.forEachRow { row in
            rows.append(SQLiteStore.Candidate(priority: lane.priority, runAt: row.runAt, id: row.id))
            return true
        }
        return Reading(rows: rows, isWhole: rows.count < count)
    }
}

/// A row of a lane.
struct Head {
    let id: Int64
    let runAt: Double

    static func reader(_ columns: Columns) -> (ResultRow) -> Head {
        let (id, runAt) = (columns["id"], columns["run_at"])
        return { row in Head(id: row.integer(id), runAt: row.double(runAt)) }
    }
}
