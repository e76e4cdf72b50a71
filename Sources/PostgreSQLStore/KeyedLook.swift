/// What a look at the rows with a lock key found.
struct KeyedLook: Sendable {
    /// The rows that are locked now, with their keys.
    let held: [Int64]
    /// The lanes in the order of their first rows, where they are many.
    private let lanes: [Lane]
    /// All rows that were seen of the first lanes, each with the index of its lane.
    private let seen: [(lane: Int, place: Place)]
    /// Whether the lanes are all there are, as far as this matters.
    private let isAll: Bool
    /// How many lanes and rows were looked at.
    private let limit: Int
    /// How far the look came, if it did not see all lanes.
    let rest: LaneLook.Ends
    /// Whether rows were seen, and of none the key could be locked.
    let isPassedOver: Bool

    /// Reads an answer.
    ///
    /// - Parameters:
    ///   - answers: One to a statement `LockSQL.open…` among them.
    ///   - known: The lanes that were asked; none: they were looked for.
    ///   - limit: How many lanes and rows were looked at.
    init(_ answers: Answers, known: [Lane], limit: Int) {
        var (held, lanes, seen) = ([Int64](), known, [(lane: Int, place: Place)]())
        var rest: LaneLook.Ends = [:]
        var count = 0
        for row in answers[LockSQL.open, LockSQL.openOfQueues, LockSQL.openOfLanes] {
            // Where lanes are few, the locked rows, and how many were seen.
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
        self.lanes = known.isEmpty ? lanes.sorted { $0.head < $1.head } : lanes
        self.seen = seen
        self.rest = rest
        isAll = known.isEmpty || seen.count >= limit
    }

    /// The lanes when these rows are gone; none where they are to be looked for.
    ///
    /// A row that leads its line on may stand before a lane's first row then: it is found by the next look.
    func left(after gone: Set<Int64>) -> [Lane] {
        guard isAll, !held.isEmpty else { return [] }
        var heads: [Int: Place] = [:]
        for row in seen where !gone.contains(row.place.id) {
            heads[row.lane] = heads[row.lane].map { min($0, row.place) } ?? row.place
        }
        let first = lanes.prefix(limit).enumerated().compactMap { index, lane in
            heads[index].map { Lane(mark: lane.mark, head: $0) }
        }
        return (first + lanes.dropFirst(limit)).sorted { $0.head < $1.head }
    }
}
