import TaskRun

/// What a claim took, and what is known of the lanes after it.
struct Taken: Sendable {
    private let rows: [Row]
    private let lanes: [Lane]
    private let now: String?
    /// The lanes that were taken from.
    private let touched: Set<Lane.Mark>
    /// Whether the lanes were found by this claim; if not, they were remembered.
    let areNew: Bool

    init(rows: [Row], lanes: [Lane], areNew: Bool, now: String?) {
        self.rows = rows
        self.lanes = lanes
        self.areNew = areNew
        self.now = now
        touched = Set(
            rows.map { Lane.Mark(name: $0.task.name, queue: $0.task.queue, priority: $0.place.priority) }
        )
    }

    /// What was claimed, in due order.
    var tasks: [ClaimedTask] { rows.map(\.task) }

    /// Asks for the first rows of the lanes that were taken from; nothing where the lanes are too few to be remembered.
    var questions: [Request] {
        guard lanes.count >= LaneMemory.many else { return [] }
        return [Request(ClaimSQL.heads, Lane.arrays(lanes.filter { touched.contains($0.mark) }) + [now])]
    }

    /// The lanes as they are now, by their first rows.
    func lanes(knowing answers: some Collection<PostgreSQLResult>) -> [Lane] {
        let untouched = lanes.filter { !touched.contains($0.mark) }
        return (untouched + (answers.first.map(Lane.all) ?? [])).sorted { $0.head < $1.head }
    }

    /// A claimed task with its place in due order.
    struct Row: Sendable {
        let task: ClaimedTask
        let place: Place

        init(_ row: PostgreSQLResult.Row, from column: Int) {
            task = ClaimedTask(
                proof: ClaimProof(id: row.integer(column), number: row.integer(column + 1)),
                name: row.text(column + 2),
                queue: row.text(column + 3),
                data: row.bytes(column + 4),
                attempt: Int(row.integer(column + 5)),
                maxAttempts: row.integerIfAny(column + 6).map { Int($0) },
                timeout: row.integerIfAny(column + 7).map { .seconds($0) },
                crashes: Int(row.integer(column + 8))
            )
            place = Place(priority: row.integer(column + 9), runAt: row.integer(column + 10), id: task.id)
        }
    }
}
