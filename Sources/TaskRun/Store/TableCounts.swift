package import Platform
import Text

/// How far the rows of a large table are counted, so that a count takes less than a second.
package struct CountLimits: Sendable, Equatable {
    /// The most lanes, names and kinds of rows that are counted apart.
    package static let mostLines = 10_000
    /// The most FAILED rows that are counted by their queues: a queue stands only in the row itself.
    package static let mostFailed = 200_000
    /// The most rows of each lane or name where there are more in all.
    package static let mostOfMany = 10_000

    /// The most rows of a lane that are counted, one more than are said.
    package let ofLane: Int
    /// The most FAILED rows of a name that are counted, one more than are said.
    package let ofFailedName: Int

    /// Decides by the totals.
    package init(waiting: TableSummary.Total, failed: TableSummary.Total) {
        ofLane = (waiting.isPartial ? Self.mostOfMany : TableSummary.mostCounted) + 1
        ofFailedName = (failed.count > Self.mostFailed ? Self.mostOfMany : Self.mostFailed) + 1
    }
}

/// A count as a statement returns it, before the counts of one queue, name and state are added up.
package struct CountedLine: Sendable {
    /// The queue.
    package var queue: String
    /// The task name.
    package var name: String
    /// The state.
    package var status: TaskStatus
    /// How many rows were counted.
    package var count: Int
    /// How many of them are due.
    package var due: Int
    /// When the first of them was due.
    package var oldestDue: Date?
    /// Whether there are more.
    package var isPartial = false

    /// Creates a count from its parts.
    package init(queue: String, name: String, status: TaskStatus, count: Int, due: Int, oldestDue: Date?) {
        (self.queue, self.name, self.status) = (queue, name, status)
        (self.count, self.due, self.oldestDue) = (count, due, oldestDue)
    }

    /// The same as part of a count that ends at a limit, given as one more than is said.
    package func limited(to most: Int) -> CountedLine {
        var line = self
        line.isPartial = count >= most
        line.count = min(count, most - 1)
        line.due = min(due, most - 1)
        return line
    }

    /// The counts of each queue, name and state, by these.
    package static func sums(_ lines: [CountedLine]) -> [TableSummary.Line] {
        struct Key: Hashable {
            let queue, name: ByteText
            let status: TaskStatus
        }
        let groups = Dictionary(grouping: lines.filter { $0.count > 0 }) { line in
            Key(queue: ByteText(line.queue), name: ByteText(line.name), status: line.status)
        }
        return groups.sorted {
            ($0.key.queue, $0.key.name, $0.key.status.rawValue) < ($1.key.queue, $1.key.name, $1.key.status.rawValue)
        }.map { key, lines in
            TableSummary.Line(
                queue: key.queue.text,
                name: key.name.text,
                status: key.status,
                count: lines.reduce(0) { $0 + $1.count },
                due: lines.reduce(0) { $0 + $1.due },
                oldestDue: lines.compactMap(\.oldestDue).min(),
                isPartial: lines.contains(where: \.isPartial)
            )
        }
    }
}

extension [CountedLine] {
    /// The counts of each task name as parts of one count that ends at a limit, given as one more than is said.
    ///
    /// The limit holds for all queues of a name together.
    package func limitedByName(to most: Int) -> [CountedLine] {
        let sums = Dictionary(map { (ByteText($0.name), $0.count) }, uniquingKeysWith: +)
        return map { line in
            var line = line
            line.isPartial = (sums[ByteText(line.name)] ?? 0) >= most
            return line
        }
    }
}
