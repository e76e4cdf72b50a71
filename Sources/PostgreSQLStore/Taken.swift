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
        touched = Dictionary(
            self.rows.map {
                (Lane.Mark(name: $0.task.name, queue: $0.task.queue, priority: $0.place.priority), $0.place)
            },
            uniquingKeysWith: { max($0, $1) }
        )
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
        /// How many columns it has.
        static let columnCount = 14

        let task: ClaimedTask
        let place: Place
    }
}

extension Taken.Row {
    /// Reads a row of a claim's answer, from this column on.
    init(_ row: PostgreSQLResult.Row, from column: Int) {
        task = ClaimedTask(
            proof: ClaimProof(id: row.integer(column), number: row.integer(column + 1)),
            name: row.text(column + 2),
            queue: row.text(column + 3),
            data: row.bytes(column + 4),
            attempt: Int(row.integer(column + 5)),
            maxAttempts: row.integerIfAny(column + 6).map { Int($0) },
            timeout: row.integerIfAny(column + 7).map { .seconds($0) },
            crashes: Int(row.integer(column + 8)),
            lockKey: row.textIfAny(column + 11),
            token: row.textIfAny(column + 12),
            isCancelRequested: row.isTrue(column + 13)
        )
        place = Place(priority: row.integer(column + 9), runAt: row.integer(column + 10), id: task.id)
    }
}
