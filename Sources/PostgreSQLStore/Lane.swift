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

/// Tasks of one name, queue and priority: the rows that stand together in the index of due tasks.
struct Lane: Sendable {
    /// What the rows have in common.
    struct Mark: Sendable, Hashable {
        let name: String
        let queue: String
        let priority: Int64
    }

    let mark: Mark
    /// The place of the first row; later on, one that no waiting row stands before, as far as is known.
    var head: Place

    init(mark: Mark, head: Place) { (self.mark, self.head) = (mark, head) }

    /// Reads a row that says of a lane what its first row is.
    init(_ row: PostgreSQLResult.Row) {
        mark = Mark(name: row.text("task_name"), queue: row.text("queue"), priority: row.integer("priority"))
        head = Place(priority: mark.priority, runAt: row.integer("run_at"), id: row.integer("id"))
    }

    /// Names, queues, priorities and floors, as five arrays.
    static func arrays(_ lanes: some Collection<Lane>) -> [String?] {
        [
            SQLText.array(lanes.map(\.mark.name)), SQLText.array(lanes.map(\.mark.queue)),
            SQLText.array(lanes.map(\.mark.priority)),
            SQLText.array(lanes.map(\.head.runAt)), SQLText.array(lanes.map(\.head.id)),
        ]
    }
}
