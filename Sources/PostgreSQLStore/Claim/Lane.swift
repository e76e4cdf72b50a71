/// A row's place in due order.
struct Place: Sendable, Hashable, Comparable {
    let priority: Int64
    /// Microseconds since 2000.
    let runAt: Int64
    let id: Int64

    static func < (one: Place, other: Place) -> Bool {
        (one.priority, one.runAt, one.id) < (other.priority, other.runAt, other.id)
    }
}

/// The waiting tasks of one name, queue and priority: rows that stand together in the index of due tasks.
struct Lane: Sendable {
    /// What the rows have in common.
    struct Mark: Sendable, Hashable {
        let name: String
        let queue: String
        let priority: Int64
    }

    let mark: Mark
    /// The place of the first row; later a place that no waiting row comes before, as far as is known.
    var firstRow: Place

    init(mark: Mark, firstRow: Place) { (self.mark, self.firstRow) = (mark, firstRow) }

    /// Reads a row with a lane and its first row.
    init(_ row: PostgreSQLResult.Row) {
        mark = Mark(name: row.text("task_name"), queue: row.text("queue"), priority: row.integer("priority"))
        firstRow = Place(priority: mark.priority, runAt: row.integer("run_at"), id: row.integer("id"))
    }

    /// Names, queues, priorities, and the moments and numbers of the first rows, as five arrays.
    static func arrays(_ lanes: some Collection<Lane>) -> [String?] {
        [
            SQLText.array(lanes.map(\.mark.name)), SQLText.array(lanes.map(\.mark.queue)),
            SQLText.array(lanes.map(\.mark.priority)),
            SQLText.array(lanes.map(\.firstRow.runAt)), SQLText.array(lanes.map(\.firstRow.id)),
        ]
    }
}
