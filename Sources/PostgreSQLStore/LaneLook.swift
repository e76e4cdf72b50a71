/// What a look over lanes brought.
struct LaneLook: Sendable {
    /// The last lane that was seen of a name.
    struct End: Sendable, Equatable {
        let queue: String
        let priority: Int64

        /// Before all lanes.
        static let start = End(queue: "", priority: Int64(Int32.min))
    }

    /// How far a look came, by names; no name: to the end, or not begun.
    typealias Ends = [String: End]

    /// The lanes that have a due row, in the order of their first rows.
    var lanes: [Lane]
    /// How far it came that ended before it had seen all lanes; none: it has seen them all.
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
    /// Before the first lane of each of these names: not the same as having seen all, or nothing yet.
    static func start(_ names: [String]) -> Self { Dictionary(names.map { ($0, .start) }) { $1 } }
}

/// Looks that did not see all lanes at once: where the last one began, and how far it came.
struct LaneWalk: Sendable {
    private(set) var start: LaneLook.Ends = [:]
    private var rest: LaneLook.Ends = [:]

    /// Whether there are lanes that were not seen by the last look, nor by those before it.
    var isPartial: Bool { !start.isEmpty || !rest.isEmpty }

    /// Takes note of a look from ``start`` on.
    ///
    /// - Parameters:
    ///   - rest: How far it came; none: it has seen the last lane.
    ///   - isVain: Whether nothing could be claimed from what it saw: the next one begins where it ended.
    mutating func note(_ rest: LaneLook.Ends, isVain: Bool) {
        // Names that the look did not come to are where they were.
        let rest = rest.isEmpty ? [:] : start.merging(rest) { $1 }
        (start, self.rest) = isVain ? (rest, [:]) : (start, rest)
    }
}
