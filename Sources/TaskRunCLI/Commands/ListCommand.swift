import ArgumentParser
import Platform
import TaskRun

/// `taskrun list`: rows.
struct ListCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists tasks, by number.",
        discussion: """
              taskrun list --status FAILED
              taskrun list --name CONTACT_EMAIL --queue mail --limit 10
              taskrun list --json | jq -r 'select(.attempts > 3) | .id'

            Without --limit the first 100 are shown. With --json each line is an object, and all are written; its keys are the \
            columns of the table.
            """
    )

    @Option(
        help: ArgumentHelp("Only those in this state: WAITING, PROCESSING or FAILED.", valueName: "state"),
        transform: { try ArgumentWord.read($0.uppercased()) }
    )
    var status: TaskStatus?
    @Option(help: "Only those of this task name.")
    var name: String?
    @Option(help: "Only those in this queue.")
    var queue: String?
    @Option(help: ArgumentHelp("At most this many (default: 100; with --json all)", valueName: "n"))
    var limit: Int?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit): expected 1 or more.") }
        try ArgumentWord.refuseEmpty([("--name", name), ("--queue", queue)])
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        // What a program reads has no end that it is not told of.
        let limit = limit ?? (options.isJSON ? Int(Int32.max) : 100)
        var filter = TaskFilter(status: status, name: name, queue: queue, limit: limit)
        let output = program.output
        if options.isJSON {
            filter.bytes = Self.bytesAtOnce
            try await program.withStore(settings) { [filter] store in
                try await store.requireSchema()
                try await Self.write(filter, of: store, to: output)
            }
            return .done
        }
        // The table has no column for payloads.
        filter.hasData = false
        let rows = try await program.withStore(settings) { [filter] store in
            try await store.requireSchema()
            return try await store.list(filter)
        }
        if rows.isEmpty {
            try output.write("No tasks.")
        } else {
            try output.write(Self.table(rows, now: Date()).lines(on: output.terminal))
            if rows.count == limit { try output.write("These are the first \(limit); more with --limit.") }
        }
        return .done
    }

    /// How many bytes of payloads are in memory at once, as they are stored, and one payload at least.
    private static let bytesAtOnce = 1 << 18

    /// Writes rows as JSON, a part after the other.
    private static func write(_ filter: TaskFilter, of store: any TaskDesk, to output: Output) async throws {
        var filter = filter
        while filter.limit > 0 {
            let rows = try await store.list(filter)
            guard let last = rows.last else { return }
            try output.write(rows.map(\.json))
            filter.limit -= rows.count
            filter.after = last.id
        }
    }

    private static func table(_ rows: [TaskRow], now: Date) -> TextTable {
        var table = TextTable([
            .number("id"), .text("task name"), .text("state"), .text("queue"), .number("priority"), .number("attempts"),
            .text("run at"), .text("last error"),
        ])
        for row in rows {
            table.add([
                "\(row.id)",
                "\(row.name)",
                TextTable.Cell(row.status.rawValue, row.status.colour),
                "\(row.queue)",
                "\(row.priority)",
                TextTable.Cell("\(row.attempts)" + (row.maxAttempts.map { " of \($0)" } ?? "")),
                TextTable.Cell(row.runAt.relative(to: now)),
                TextTable.Cell(row.lastError?.gist ?? "", .faint),
            ])
        }
        return table
    }
}
