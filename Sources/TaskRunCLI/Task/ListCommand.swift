import ArgumentParser
import Platform
import TaskRun

/// `taskrun list`: tasks, by number.
struct ListCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List tasks, by number.",
        discussion: """
              taskrun list --status FAILED
              taskrun list --name CONTACT_EMAIL --queue mail --limit 10
              taskrun list --status WAITING --why
              taskrun list --data '$.customer.id=7' --latest
              taskrun list --json | jq -r 'select(.attempts > 3) | .id'

            Tasks that fulfil all options are listed. --data PATH=VALUE compares a value in the payload: $.key, \
            $."any key" and [0] lead to it, and a string is written without quotation marks.

            Without --limit, the first 100 are shown. With --json, all are written, one object per line; its keys are \
            the columns of the table. With --why, the last column says why each task is not running now, as "taskrun \
            why" does. With --json, the key why has this sentence, and the key reason has a word for it.
            """
    )

    @Option(
        help: ArgumentHelp("Only tasks in this state: WAITING, PROCESSING or FAILED.", valueName: "state"),
        transform: { try ArgumentWord.read($0.uppercased()) }
    )
    var status: TaskStatus?
    @Option(help: "Only tasks with this name.")
    var name: String?
    @Option(help: "Only tasks in this queue.")
    var queue: String?
    @Option(help: "Only tasks of this batch.")
    var batch: String?
    @Option(help: ArgumentHelp("Only tasks with this lock key.", valueName: "key"))
    var lockKey: String?
    @Option(help: "Only the task with this token.")
    var token: String?
    @Option(
        help: ArgumentHelp(
            "Only tasks at least this old, like 1d: since they became FAILED, or else since they were added.",
            valueName: "age"
        ),
        transform: { try ArgumentWord.age($0) }
    )
    var older: Duration?
    @Option(
        help: ArgumentHelp("Only tasks with this value in the payload.", valueName: "path=value"),
        transform: {
            guard let match = DataMatch($0) else {
                throw ValidationError("\($0) is no path and value: expected something like '$.customer.id=7'.")
            }
            return match
        }
    )
    var data: DataMatch?
    @Flag(help: "The newest first.")
    var latest = false
    @Option(help: ArgumentHelp("List at most this many (default: 100; with --json, all)", valueName: "n"))
    var limit: Int?
    @Flag(help: "For each task, say why it is not running now.")
    var why = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit): expected 1 or more.") }
        try ArgumentWord.refuseEmpty([
            ("--name", name), ("--queue", queue), ("--batch", batch), ("--lock-key", lockKey), ("--token", token),
        ])
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        // A program that reads JSON must not get less than all without notice.
        let limit = limit ?? (options.isJSON ? Int(Int32.max) : 100)
        var filter = TaskFilter(status: status, name: name, queue: queue, limit: limit)
        (filter.batch, filter.lockKey, filter.token) = (batch, lockKey, token)
        (filter.age, filter.data, filter.isLatest) = (older, data, latest)
        let output = program.output
        let host = why ? program.hostView(settings) : nil
        if options.isJSON {
            filter.bytes = Self.bytesAtOnce
            try await program.withStore(settings) { [filter] store in
                try await store.requireSchema()
                try await Self.write(filter, of: store, to: output) { rows throws(StoreError) in
                    guard let host else { return rows.map(\.json) }
                    let said = try await Why.said(of: rows.map(\.id), in: store, program, settings, on: host)
                    return rows.map { $0.json.adding(said[$0.id]) }
                }
            }
            return .done
        }
        // The table has no column for payloads.
        filter.hasData = false
        filter.patience = LookLimit.time
        let (rows, said) = try await program.withStore(settings) { [filter] store in
            try await store.requireSchema()
            let rows = try await store.list(filter)
            guard let host else { return (rows, [Int64: Why.Said]?.none) }
            return (rows, try await Why.said(of: rows.map(\.id), in: store, program, settings, on: host))
        }
        if rows.isEmpty {
            try output.write("No tasks.")
        } else {
            try output.write(Self.table(rows, said, now: Date()).lines(on: output.terminal))
            if rows.count == limit {
                let more = "These are the \(latest ? "last" : "first") \(limit). For more, use --limit."
                try output.write(output.terminal.wrap(more))
            }
        }
        return .done
    }

    /// How many bytes of payloads, as stored, are in memory at once; at least one payload is.
    private static let bytesAtOnce = 1 << 18

    /// Writes rows as JSON, a part after the other.
    private static func write(
        _ filter: TaskFilter,
        of store: any TaskDatabase,
        to output: Output,
        _ json: ([TaskRow]) async throws -> [JSONValue]
    ) async throws {
        var filter = filter
        while filter.limit > 0 {
            let rows = try await store.list(filter)
            guard let last = rows.last else { return }
            try output.write(await json(rows))
            filter.limit -= rows.count
            filter.after = last.id
        }
    }

    private static func table(_ rows: [TaskRow], _ said: [Int64: Why.Said]?, now: Date) -> TextTable {
        var table = TextTable([
            .number("id"), .name("task name"), .text("state"), .name("queue", usual: "default"),
            .number("priority", usual: "0"), .number("attempts", usual: "0"), .text("run at, failed"),
            said == nil ? .gist("last error", usual: "") : .sentence("why", usual: ""),
        ])
        for row in rows {
            table.add([
                "\(row.id)",
                "\(row.name)",
                TextTable.Cell(row.status.rawValue, row.status.colour),
                "\(row.queue)",
                "\(row.priority)",
                TextTable.Cell("\(row.attempts)" + (row.maxAttempts.map { " of \($0)" } ?? "")),
                TextTable.Cell((row.status == .failed ? row.failedAt ?? row.runAt : row.runAt).relative(to: now)),
                TextTable.Cell(said.map { $0[row.id]?.sentence ?? "" } ?? row.lastError?.gist ?? "", .faint),
            ])
        }
        return table
    }
}
