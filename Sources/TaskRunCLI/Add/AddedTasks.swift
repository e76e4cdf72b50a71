import TaskRun

/// The numbers of the tasks that were added, kept as spans: a million of them take little room.
struct AddedTasks: Sendable {
    private struct Span {
        let name: String
        let first: Int64
        var last: Int64
    }

    private var spans: [Span] = []
    /// Whether names are kept too.
    private let hasNames: Bool
    /// How many.
    private(set) var count = 0

    init(keepingNames: Bool) { hasNames = keepingNames }

    mutating func append(_ tasks: [AddedTask]) {
        count += tasks.count
        for task in tasks {
            let name = hasNames ? task.name : ""
            if let span = spans.last, span.last + 1 == task.id, span.name == name {
                spans[spans.count - 1].last = task.id
            } else {
                spans.append(Span(name: name, first: task.id, last: task.id))
            }
        }
    }

    /// The first and the last number; nil where nothing was added.
    var ends: (first: Int64, last: Int64)? {
        guard let first = spans.first?.first, let last = spans.last?.last else { return nil }
        return (first, last)
    }

    /// One sentence.
    var sentence: String {
        let what = "\(CountText.write(count)) task\(count == 1 ? "" : "s") added"
        guard let (first, last) = ends else { return "\(what)." }
        // Others may have added tasks meanwhile, whose numbers stand between these.
        let isDense = last - first + 1 == count
        return "\(what), \(isDense ? "numbers \(first) to \(last)" : "with numbers between \(first) and \(last)")."
    }

    /// Writes a line for each, some thousand at once.
    ///
    /// - Throws: What `write` throws.
    func eachLine(write: ([String]) throws -> Void) rethrows {
        var lines: [String] = []
        for span in spans {
            for id in span.first...span.last {
                lines.append(
                    hasNames ? (["id": .number(id), "task_name": .text(span.name)] as JSONValue).line : "\(id)"
                )
                if lines.count == 4096 {
                    try write(lines)
                    lines.removeAll(keepingCapacity: true)
                }
            }
        }
        try write(lines)
    }
}
