/// The lanes that a look found.
struct LaneLook: Sendable {
    /// The last lane of a name that was seen.
    struct End: Sendable, Equatable {
        let queue: String
        let priority: Int64

        /// Before all lanes.
        static let start = End(queue: "", priority: Int64(Int32.min) - 1)
    }

    /// How far a look came, by name; without an entry it came to the last lane, or has not begun.
    typealias Ends = [String: End]

    /// The lanes that have a due row, in the order of their first rows.
    var lanes: [Lane]
    /// How far it came, or empty if it saw all lanes.
    var rest: Ends

    /// Reads the answer to one of the statements that look for lanes.
    init(_ rows: PostgreSQLResult.Rows) {
        (lanes, rest) = ([], [:])
        for row in rows {
            if row.integerIfAny("id") != nil {
                lanes.append(Lane(row))
            } else {
                rest[row.text("task_name")] = End(queue: row.text("queue"), priority: row.integer("priority"))
            }
        }
    }
}

extension LaneLook.Ends {
    /// Queues and priorities for these names, as two arrays.
    func arrays(_ names: [String]) -> [String?] {
        let ends = names.map { self[$0] ?? .start }
        return [SQLText.array(ends.map(\.queue)), SQLText.array(ends.map(\.priority))]
    }
}

extension LaneLook.Ends {
    /// Before the first lane of each of these names: this is not the same as having seen all, or nothing yet.
    static func start(_ names: [String]) -> Self { Dictionary(names.map { ($0, .start) }) { $1 } }
}

/// Looks that did not see all lanes at once: where the last one began, and how far it came.
struct LaneWalk: Sendable {
    private(set) var start: LaneLook.Ends = [:]
    private var rest: LaneLook.Ends = [:]

    /// Whether there are lanes that neither the last look nor those before it saw.
    var isPartial: Bool { !start.isEmpty || !rest.isEmpty }

    /// Notes a look that began at ``start``; `rest` is how far it came, or empty if it saw the last lane.
    ///
    /// If nothing could be claimed from what it saw (`isFruitless`), the next look begins where it ended.
    mutating func note(_ rest: LaneLook.Ends, isFruitless: Bool) {
        // Names that the look did not come to are where they were.
        let rest = rest.isEmpty ? [:] : start.merging(rest) { $1 }
        (start, self.rest) = isFruitless ? (rest, [:]) : (start, rest)
    }
}
