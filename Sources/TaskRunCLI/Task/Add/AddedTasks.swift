import SystemPackage
import TaskRun

/// The numbers of the tasks that were added, kept as spans: a million of them take little room.
struct AddedTasks: Sendable {
    private struct Span {
        let name: String
        let isNew: Bool
        let first: Int64
        var last: Int64

        func json(_ id: Int64) -> JSONValue {
            let members: [(key: String, value: JSONValue)] = [("id", .number(id)), ("task_name", .text(name))]
            return .object(members + (isNew ? [] : [("new", .bool(false))]))
        }
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
            if let span = spans.last, span.last + 1 == task.id, span.name == name, span.isNew == task.isNew {
                spans[spans.count - 1].last = task.id
            } else {
                spans.append(Span(name: name, isNew: task.isNew, first: task.id, last: task.id))
            }
        }
    }

    /// Whether one was not added, because it waits already.
    var hasOld: Bool { spans.contains { !$0.isNew } }

    /// The first and the last number, or nil if nothing was added.
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

    /// The same for few tasks in a row, and what is not to be done.
    var spoken: String {
        guard count == 1, let id = ends?.first else {
            return "\(sentence.dropLast()); do not add \(count == 1 ? "it" : "them") again"
        }
        return "Task \(id) is added; do not add it again"
    }

    /// Writes an answer about tasks that are in the table; if that fails, says so on stderr.
    ///
    /// This is no error: a script that sees one tries again, and adds the tasks twice. A reader that went away has seen
    /// enough.
    ///
    /// - Parameters:
    ///   - what: What was done, without a full stop.
    ///   - program: Where it is said.
    ///   - write: Writes the answer.
    /// - Returns: Whether the answer was written.
    /// - Throws: What `write` throws besides Errno.
    @discardableResult
    static func sayWhereUnwritten(_ what: String, _ program: Program, _ write: () throws -> Void) rethrows -> Bool {
        do {
            try write()
            return true
        } catch Errno.brokenPipe {
            return true
        } catch let error as Errno {
            program.screen.write("\(what). The answer cannot be written to stdout: \(error).")
            return false
        }
    }

    /// Writes a line for each, some thousand at once.
    ///
    /// - Throws: What `write` throws.
    func eachLine(write: ([String]) throws -> Void) rethrows {
        var lines: [String] = []
        for span in spans {
            for id in span.first...span.last {
                lines.append(hasNames ? span.json(id).line : "\(id)")
                if lines.count == 4096 {
                    try write(lines)
                    lines.removeAll(keepingCapacity: true)
                }
            }
        }
        try write(lines)
    }
}
