import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun queues`: the queues in numbers, and which are paused.
struct QueuesCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "List queues: their tasks, and which are paused, until when, why and by whom.",
        discussion: """
              taskrun queues
              taskrun queues --json | jq -r 'select(.paused) | .queue'

            A queue exists as soon as a task names it. With --json, each line is an object: queue, paused, \
            paused_until (null: until it is resumed), paused_why, paused_by, waiting, due, processing, failed, \
            is_partial (true: there are more tasks than were counted; the table has a + then).
            """
    )

    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let summary = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return try await store.summary()
        }
        let queues = QueueLine.all(in: summary)
        let output = program.output
        if options.isJSON {
            try output.write(queues.map(\.json))
        } else if queues.isEmpty {
            try output.write("No tasks, and no queue is paused.")
        } else {
            try output.write(QueueLine.table(queues).lines(on: output.terminal))
        }
        return .done
    }
}

/// One queue in numbers.
struct QueueLine {
    let queue: String
    let paused: PausedQueue?
    let lines: [TableSummary.Line]

    /// Every queue that has tasks or is paused, by name.
    static func all(in summary: TableSummary) -> [QueueLine] {
        let lines = Dictionary(grouping: summary.lines, by: \.queue)
        let paused = Dictionary(summary.paused.map { ($0.queue, $0) }, uniquingKeysWith: { first, _ in first })
        return Set(lines.keys).union(paused.keys).sorted().map {
            QueueLine(queue: $0, paused: paused[$0], lines: lines[$0] ?? [])
        }
    }

    static func table(_ queues: [QueueLine]) -> TextTable {
        var table = TextTable([
            .name("queue"), .sentence("state", usual: "open"), .number("waiting"), .number("due"),
            .number("processing", usual: "0"), .number("failed", usual: "0"), .sentence("why", usual: ""),
        ])
        for line in queues {
            let end = line.paused?.until.map { "paused until \(MomentText.plain($0)) UTC" }
            let why = [line.paused?.why, line.paused?.by.map { "(\($0))" }].compactMap(\.self).joined(separator: " ")
            table.add([
                "\(line.queue)",
                line.paused == nil ? "open" : TextTable.Cell(end ?? "paused", .yellow),
                TextTable.Cell(line.text(.waiting)), TextTable.Cell(line.textOfDue),
                TextTable.Cell(line.text(.processing), line.count(.processing) > 0 ? .cyan : nil),
                TextTable.Cell(line.text(.failed), line.count(.failed) > 0 ? .red : nil),
                TextTable.Cell(why, .faint),
            ])
        }
        return table
    }

    func count(_ status: TaskStatus) -> Int {
        lines.reduce(0) { $0 + ($1.status == status ? $1.count : 0) }
    }

    private func isPartial(_ status: TaskStatus) -> Bool { lines.contains { $0.status == status && $0.isPartial } }

    /// How many tasks are in a state, for people.
    func text(_ status: TaskStatus) -> String { CountText.write(count(status), isPartial: isPartial(status)) }

    /// How many tasks are due, for people.
    var textOfDue: String { CountText.write(due, isPartial: due > 0 && isPartial(.waiting)) }

    /// When the task was due that has been due longest.
    var oldestDue: Date? { lines.compactMap(\.oldestDue).min() }

    private var due: Int { lines.reduce(0) { $0 + $1.due } }

    /// For programs.
    var json: JSONValue {
        [
            "queue": .text(queue), "paused": .bool(paused != nil),
            "paused_until": .text(paused?.until.map(MomentText.iso)),
            "paused_why": .text(paused?.why), "paused_by": .text(paused?.by), "waiting": .number(count(.waiting)),
            "due": .number(due), "processing": .number(count(.processing)), "failed": .number(count(.failed)),
            "is_partial": .bool(lines.contains(where: \.isPartial)),
        ]
    }
}
