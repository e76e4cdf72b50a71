/// The rows with a lock key that a look found.
struct KeyedLook: Sendable {
    /// The rows whose keys this transaction has locked.
    let held: [Int64]
    /// The lanes in the order of their first rows, if there are many.
    private let lanes: [Lane]
    /// All rows that were seen of the first lanes, each with the index of its lane.
    private let seen: [(lane: Int, place: Place)]
    /// Whether no lane is missing that matters here.
    private let isAll: Bool
    /// How many lanes and rows were looked at.
    private let limit: Int
    /// How far the look came if it did not see all lanes.
    let rest: LaneLook.Ends
    /// Whether it saw rows and could lock the key of none.
    let isPassedOver: Bool

    /// Reads the answer to `LockSQL.open`.
    ///
    /// `known` are the lanes that were asked, or none if the statement looked for them. `limit` is how many lanes and
    /// rows were looked at.
    init(_ answers: Answers, known: [Lane], limit: Int) {
        var (held, lanes, seen) = ([Int64](), known, [(lane: Int, place: Place)]())
        var rest: LaneLook.Ends = [:]
        var count = 0
        for row in answers[LockSQL.open] {
            // If there are few lanes, these are the locked rows, and how many rows were seen.
            guard let number = row.integerIfAny("no") else {
                let id = row.integer("id")
                if row.bool("is_locked") { held.append(id) } else { count = Int(id) }
                continue
            }
            let priority = row.integer("priority")
            guard number > 0 else {
                rest[row.text("task_name")] = LaneLook.End(queue: row.text("queue"), priority: priority)
                continue
            }
            if row.textIfAny("task_name") != nil {
                lanes.append(Lane(row))
            } else {
                let place = Place(priority: priority, runAt: row.integer("run_at"), id: row.integer("id"))
                if row.bool("is_locked") { held.append(place.id) }
                seen.append((Int(number) - 1, place))
            }
        }
        (self.held, self.limit) = (held, limit)
        isPassedOver = held.isEmpty && max(count, seen.count) > 0
        self.lanes = known.isEmpty ? lanes.sorted { $0.firstRow < $1.firstRow } : lanes
        self.seen = seen
        self.rest = rest
        isAll = known.isEmpty || seen.count >= limit
    }

    /// The lanes without these rows, or none if they are to be looked for.
    ///
    /// A row that becomes the next one of its lock key may come before a lane's first row. The next look finds it.
    func left(after gone: Set<Int64>) -> [Lane] {
        guard isAll, !held.isEmpty else { return [] }
        var firstRows: [Int: Place] = [:]
        for row in seen where !gone.contains(row.place.id) {
            firstRows[row.lane] = firstRows[row.lane].map { min($0, row.place) } ?? row.place
        }
        let first = lanes.prefix(limit).enumerated().compactMap { index, lane in
            firstRows[index].map { Lane(mark: lane.mark, firstRow: $0) }
        }
        return (first + lanes.dropFirst(limit)).sorted { $0.firstRow < $1.firstRow }
    }
}
