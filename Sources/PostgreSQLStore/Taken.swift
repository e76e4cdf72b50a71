import TaskRun

/// What a claim took, and what is known of the lanes after it.
struct Taken: Sendable {
    /// Whether as many rows came as were asked for.
    let isFull: Bool
    /// How far a look for lanes came that did not see all, of those without and with a lock key; nil: nobody looked.
    var rest: LaneLook.Ends?
    var keyedRest: LaneLook.Ends?
    /// Whether there was something to claim, and nothing came.
    var isVain = false
    /// Whether rows with a lock key were looked at, so that there may be more.
    var hasKeyed = false
    /// Whether there may be more of what was looked at.
    var hasMore = false
    /// Whether rows were seen and none was taken: another transaction had them locked, or has changed them just now.
    var isPassedOver = false
    /// The lanes of rows with a lock key as they are now; none: they are to be looked for.
    var keyedLanes: [Lane] = []
    /// What was not begun in time.
    var expired: [ExpiredTask] = []
    /// The lanes as they are now, in the order of their first rows.
    let lanes: [Lane]
    private let rows: [Row]

    /// - Parameters:
    ///   - rows: What was taken.
    ///   - limit: How many rows were asked for.
    ///   - lanes: As they were before, in the order of their first rows.
    ///   - heads: The first rows of the lanes that were asked, of each that is not empty; nil: these are not known.
    ///   - asked: How many lanes were asked: the first ones.
    init(rows: [Row], of limit: Int, lanes: [Lane], heads: [Lane.Mark: Place]?, asked: Int = 0) {
        self.rows = rows.sorted { $0.place < $1.place }
        isFull = rows.count >= limit
        self.lanes =
            lanes.count == 1
            ? Self.rest(of: lanes[0], self.rows) : Self.left(lanes, self.rows, heads, asked: asked)
    }

    /// What was claimed, in due order.
    var tasks: [ClaimedTask] { rows.map(\.task) }

    /// The lane from the last row that was taken on.
    private static func rest(of lane: Lane, _ rows: [Row]) -> [Lane] {
        guard let last = rows.last(where: { $0.isPlain && $0.mark == lane.mark }) else { return [lane] }
        return [Lane(mark: lane.mark, head: last.place)]
    }

    /// The lanes, each from its first row on, or from the last row that was taken where that is not known.
    ///
    /// Empty ones are left out, for they would be asked instead of others: a look finds them when they have rows again.
    private static func left(
        _ lanes: [Lane],
        _ rows: [Row],
        _ heads: [Lane.Mark: Place]?,
        asked: Int
    ) -> [Lane] {
        var last: [Lane.Mark: Place] = [:]
        for row in rows where row.isPlain { last[row.mark] = row.place }
        var known = heads ?? [:]
        var left: [Lane] = []
        left.reserveCapacity(lanes.count)
        for (index, lane) in lanes.enumerated() {
            // Rows are taken from the first lanes; of thousands, the others need not be gone through one by one.
            if index >= asked, last.isEmpty, known.isEmpty {
                left += lanes[index...]
                break
            }
            let (end, head) = (last.removeValue(forKey: lane.mark), known.removeValue(forKey: lane.mark))
            if heads != nil, index < asked, head == nil { continue }
            left.append(Lane(mark: lane.mark, head: head ?? end ?? lane.head))
        }
        return left.sorted { $0.head < $1.head }
    }

    /// A claimed task with its place in due order.
    struct Row: Sendable {
        let task: ClaimedTask
        let place: Place

        /// Whether it stood in a lane: those whose runs died, or with a lock key, are found beside the lanes.
        var isPlain: Bool { task.crashes == 0 && task.lockKey == nil }

        /// The lane that it stood in.
        var mark: Lane.Mark { Lane.Mark(name: task.name, queue: task.queue, priority: place.priority) }
    }
}

extension Taken.Row {
    /// Reads a row of a claim's answer; one of a single lane has no more columns than it needs.
    init(_ row: PostgreSQLResult.Row, of lane: Lane.Mark? = nil) {
        task = ClaimedTask(
            proof: ClaimProof(row),
            name: lane?.name ?? row.text("task_name"),
            queue: lane?.queue ?? row.text("queue"),
            data: row.bytes("data"),
            attempt: Int(row.integer("attempts")),
            maxAttempts: row.integerIfAny("max_attempts").map { Int($0) },
            timeout: row.integerIfAny("timeout_seconds").map { .seconds($0) },
            crashes: lane == nil ? Int(row.integer("crashes")) : 0,
            lockKey: lane == nil ? row.textIfAny("lock_key") : nil,
            token: row.textIfAny("token"),
            batch: row.textIfAny("batch"),
            isCancelRequested: row.bool("is_cancelled")
        )
        let priority = lane?.priority ?? row.integer("priority")
        place = Place(priority: priority, runAt: row.integer("run_at"), id: task.id)
    }
}
