import TaskRun

/// The rows that a claim took, and the lanes after it.
struct ClaimedRows: Sendable {
    /// Whether it took as many rows as it was to take.
    let isFull: Bool
    /// How far a look for lanes came that did not see all of them, or nil if there was no look: of rows without a lock
    /// key, and of rows with one.
    var rest: LaneLook.Ends?
    var keyedRest: LaneLook.Ends?
    /// Whether there were tasks to claim and none was claimed.
    var isFruitless = false
    /// Whether the claim looked at rows with a lock key, so that there may be more.
    var hasKeyed = false
    /// Whether there may be more rows like those it looked at.
    var hasMore = false
    /// Whether it saw rows and claimed none: another transaction had locked them or just changed them.
    var isPassedOver = false
    /// The lanes of rows with a lock key as they are now, or none if they are to be looked for.
    var keyedLanes: [Lane] = []
    /// The tasks that did not start in time.
    var expired: [ExpiredTask] = []
    /// The lanes as they are now, in the order of their first rows.
    let lanes: [Lane]
    private let rows: [Row]

    /// - Parameters:
    ///   - rows: The claimed rows.
    ///   - limit: How many rows were to be claimed.
    ///   - lanes: The lanes before the claim, in the order of their first rows.
    ///   - firstRows: The first rows of the lanes that were asked and are not empty, or nil if they are not known.
    ///   - asked: How many lanes were asked: the first ones.
    init(rows: [Row], of limit: Int, lanes: [Lane], firstRows: [Lane.Mark: Place]?, asked: Int = 0) {
        self.rows = rows.sorted { $0.place < $1.place }
        isFull = rows.count >= limit
        self.lanes =
            lanes.count == 1
            ? Self.rest(of: lanes[0], self.rows) : Self.left(lanes, self.rows, firstRows, asked: asked)
    }

    /// The claimed tasks, in due order.
    var tasks: [ClaimedTask] { rows.map(\.task) }

    /// The lane from the last claimed row on.
    private static func rest(of lane: Lane, _ rows: [Row]) -> [Lane] {
        guard let last = rows.last(where: { $0.isPlain && $0.mark == lane.mark }) else { return [lane] }
        return [Lane(mark: lane.mark, firstRow: last.place)]
    }

    /// The lanes, each from its first row on or, if that is not known, from the last claimed row on.
    ///
    /// Empty ones are left out, as a claim would ask them in place of others. A look finds them when they have rows
    /// again.
    private static func left(_ lanes: [Lane], _ rows: [Row], _ firstRows: [Lane.Mark: Place]?, asked: Int) -> [Lane] {
        var last: [Lane.Mark: Place] = [:]
        for row in rows where row.isPlain { last[row.mark] = row.place }
        var known = firstRows ?? [:]
        var left: [Lane] = []
        left.reserveCapacity(lanes.count)
        for (index, lane) in lanes.enumerated() {
            // Rows are claimed from the first lanes: there may be thousands of others, which need not be looked at one
            // by one.
            if index >= asked, last.isEmpty, known.isEmpty {
                left += lanes[index...]
                break
            }
            let (end, firstRow) = (last.removeValue(forKey: lane.mark), known.removeValue(forKey: lane.mark))
            if firstRows != nil, index < asked, firstRow == nil { continue }
            left.append(Lane(mark: lane.mark, firstRow: firstRow ?? end ?? lane.firstRow))
        }
        return left.sorted { $0.firstRow < $1.firstRow }
    }

    /// A claimed task with its place in due order.
    struct Row: Sendable {
        let task: ClaimedTask
        let place: Place

        /// Whether it was in a lane: rows whose runs died, and rows with a lock key, are found beside the lanes.
        var isPlain: Bool { task.crashes == 0 && task.lockKey == nil }

        /// The lane that it was in.
        var mark: Lane.Mark { Lane.Mark(name: task.name, queue: task.queue, priority: place.priority) }
    }
}

extension ClaimedRows.Row {
    /// Reads a row of a claim's answer; that of a single lane has no more columns than it needs.
    init(_ row: PostgreSQLResult.Row, of lane: Lane.Mark? = nil, lease: Duration) {
        task = ClaimedTask(row, of: lane.map { ($0.name, $0.queue) }, lease: lease)
        let priority = lane?.priority ?? row.integer("priority")
        place = Place(priority: priority, runAt: row.integer("run_at"), id: task.id)
    }
}

extension ClaimedTask {
    /// Reads a row of a claim's answer in binary form.
    ///
    /// - Parameters:
    ///   - row: The row.
    ///   - lane: The lane that all rows are from, or nil if they may be from several.
    ///   - lease: How long the lease is: it began with the claim, by the server's clock.
    init(_ row: PostgreSQLResult.Row, of lane: Lane?, lease: Duration) {
        self.init(row, of: lane)
        guard let end = row.integerIfAny("lease_expires_at"), let runAt = row.integerIfAny("run_at") else { return }
        // An infinite moment is the greatest or the least number.
        let (held, isTooLong) = end.subtractingReportingOverflow(runAt)
        if !isTooLong, runAt != .min { waited = max(.zero, .microseconds(held) - lease) }
    }
}
