import TaskRun

/// What a claim took, and what is known of the lanes after it.
struct Taken: Sendable {
    /// Whether as many rows came as were asked for.
    let isFull: Bool
    /// Whether rows with a lock key were looked at, and there may be more.
    var hasMoreKeyed = false
    /// What was not begun in time.
    var expired: [ExpiredTask] = []
    private let rows: [Row]
    private let lanes: [Lane]
    private let now: String?
    /// The lanes that were taken from, with the place of the last row.
    private let touched: [Lane.Mark: Place]

    init(rows: [Row], of limit: Int, lanes: [Lane], now: String?) {
        self.rows = rows.sorted { $0.place < $1.place }
        self.isFull = rows.count >= limit
        self.lanes = lanes
        self.now = now
        var touched: [Lane.Mark: Place] = [:]
        if let lane = lanes.first, lanes.count == 1, self.rows.allSatisfy({ $0.mark == lane.mark }) {
            touched[lane.mark] = self.rows.last?.place
        } else {
            for row in self.rows { touched[row.mark] = max(touched[row.mark] ?? row.place, row.place) }
        }
        self.touched = touched
    }

    /// What was claimed, in due order.
    var tasks: [ClaimedTask] { rows.map(\.task) }

    /// Asks for the first rows of the lanes that were taken from, where lanes are many: their order decides which are
    /// asked next.
    var questions: [Request] {
        guard lanes.count >= LaneMemory.many else { return [] }
        return [Request(ClaimSQL.heads, Lane.arrays(advanced.filter { touched[$0.mark] != nil }) + [now])]
    }

    /// The lanes as they are now, in the order of their first rows.
    func lanes(knowing answers: some Collection<PostgreSQLResult>) -> [Lane] {
        guard let heads = answers.first else { return advanced }
        let untouched = lanes.filter { touched[$0.mark] == nil }
        return (untouched + Lane.all(heads)).sorted { $0.head < $1.head }
    }

    /// The lanes, each from the last row that was taken on.
    private var advanced: [Lane] {
        lanes.map { lane in
            var lane = lane
            lane.head = touched[lane.mark] ?? lane.head
            return lane
        }
    }

    /// A claimed task with its place in due order.
    struct Row: Sendable {
        /// How many columns it has where nothing is known of it.
        static let columnCount = 15

        let task: ClaimedTask
        let place: Place

        /// The lane that it stood in.
        var mark: Lane.Mark { Lane.Mark(name: task.name, queue: task.queue, priority: place.priority) }
    }
}

extension Taken.Row {
    /// Reads a row of a claim's answer, from this column on; a lane's row has no more columns than it needs.
    init(_ row: PostgreSQLResult.Row, from column: Int, of lane: Lane.Mark? = nil) {
        task = ClaimedTask(
            proof: ClaimProof(id: row.integer(column), number: row.integer(column + 1)),
            name: lane?.name ?? row.text(column + 10),
            queue: lane?.queue ?? row.text(column + 11),
            data: row.bytes(column + 3),
            attempt: Int(row.integer(column + 4)),
            maxAttempts: row.integerIfAny(column + 5).map { Int($0) },
            timeout: row.integerIfAny(column + 6).map { .seconds($0) },
            crashes: lane == nil ? Int(row.integer(column + 13)) : 0,
            lockKey: lane == nil ? row.textIfAny(column + 14) : nil,
            token: row.textIfAny(column + 7),
            batch: row.textIfAny(column + 8),
            isCancelRequested: row.isTrue(column + 9)
        )
        place = Place(priority: lane?.priority ?? row.integer(column + 12), runAt: row.integer(column + 2), id: task.id)
    }
}
