import GRDB
import TaskRun

/// The first due rows over many lanes, and what was seen of the lanes on the way.
struct Heads {
    typealias Candidate = SQLiteStore.Candidate

    /// The rows, in due order.
    private(set) var rows: [Candidate] = []
    private var lanes: [Lane]
    /// The rows that were seen of the first lanes, in the order of the lanes.
    private var seen: [[Candidate]] = []

    /// Finds the first rows.
    ///
    /// Lanes are asked in the order of their first rows, and only as long as they can still have something that comes
    /// before what was found; of each no more is read than that.
    init(of lanes: [Lane], keyed: Bool = false, limit: Int, now: String, in database: Database) throws {
        self.lanes = lanes.sorted { $0.place < $1.place }
        let statement = try BareStatement(
            keyed ? SQLiteStatements.headOfKeyedLane : SQLiteStatements.headOfLane,
            in: database
        )
        let (name, queue) = (statement.place(of: "name"), statement.place(of: "queue"))
        let priority = statement.place(of: "priority")
        statement.bind(statement.place(of: "now"), now)
        statement.bind(statement.place(of: "limit"), Int64(limit))
        for lane in self.lanes {
            if rows.count >= limit, let last = rows.last, lane.place > last.place { break }
            statement.bind(name, lane.name)
            statement.bind(queue, blob: lane.queue)
            statement.bind(priority, lane.priority)
            var own: [Candidate] = []
            try statement.forEachRow { row in
                let candidate = Candidate(priority: lane.priority, runAt: row.double(1), id: row.integer(0))
                own.append(candidate)
                if rows.count >= limit, let last = rows.last, candidate.place > last.place { return false }
                return own.count < limit
            }
            seen.append(own)
            merge(own, limit: limit)
        }
    }

    /// Puts rows of one lane among those that were found.
    private mutating func merge(_ own: [Candidate], limit: Int) {
        guard let first = own.first else { return }
        guard let last = rows.last else { return rows = Array(own.prefix(limit)) }
        if last.place < first.place { return rows += own.prefix(max(0, limit - rows.count)) }
        var merged: [Candidate] = []
        merged.reserveCapacity(min(limit, rows.count + own.count))
        var (mine, theirs) = (own[...], rows[...])
        while merged.count < limit, let one = theirs.first ?? mine.first {
            if let other = mine.first, other.place < one.place || theirs.isEmpty {
                merged.append(mine.removeFirst())
            } else {
                merged.append(theirs.removeFirst())
            }
        }
        rows = merged
    }

    /// The lanes when these rows are taken: each begins with the first one that is left, as far as that was seen.
    func lanes(after taken: [Candidate]) -> [Lane] {
        guard seen.count > 1 || lanes.count > 1 else { return lanes }
        let taken = Set(taken.map(\.id))
        var left = lanes
        for (index, rows) in seen.enumerated() {
            guard let next = rows.first(where: { !taken.contains($0.id) }) ?? rows.last else { continue }
            (left[index].head, left[index].headID) = (next.runAt, next.id)
        }
        return left
    }
}
