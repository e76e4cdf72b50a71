import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun history`: tasks that have ended, the newest first.
struct HistoryCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List tasks that have ended, the newest first, also those whose rows are gone.",
        discussion: """
              taskrun history
              taskrun history --name CONTACT_EMAIL --since 2h
              taskrun history --status FAILED --json | jq -r .id
              taskrun history --token 6f0e1d2c3b4a59687786a5b4c3d2e1f0

            Each end of a task is one line: COMPLETE, FAILED, EXPIRED (it did not begin in time), CANCELLED, SKIPPED (by a \
            hook), REPLACED (by a newer task with its dedupe_key) or DELETED ("taskrun delete", or kept no longer). A task \
            that was FAILED and is retried has several. "taskrun show ID" tells the whole story of one task, with the \
            errors of its failed attempts.

            Lines that fulfil all options are shown. They are kept for 7 days, and at most 1,000,000 of them (setting \
            history, also for one task name; none: no lines are written). A line is written in the transaction in which \
            the task ends.

            Without --limit, the newest 20 are shown. With --json, all are written, one object per line: id, \
            task_name, queue, status, attempts, waited and ran (seconds, of the last attempt: from when it was due to its \
            begin, and from there to its end), host, exit_code, signal, peak_memory (bytes; null if it was less than the \
            run's own), token, batch, ended_at.
            """
    )

    @Option(help: "Only tasks with this name.")
    var name: String?
    @Option(help: "Only tasks of this queue.")
    var queue: String?
    @Option(
        help: ArgumentHelp("Only tasks that ended like this, like FAILED.", valueName: "state"),
        transform: { try ArgumentWord.read($0.uppercased()) }
    )
    var status: HistoryStatus?
    @Option(
        help: ArgumentHelp(
            "Only ends since then: a length of time, like 2h, or a moment, like 2030-12-31T08:00Z.",
            valueName: "time"
        )
    )
    var since: String?
    @Option(help: "Only the task with this token.")
    var token: String?
    @Option(help: "Only tasks of this batch.")
    var batch: String?
    @Option(help: ArgumentHelp("At most this many (default: 20; with --json, all)", valueName: "n"))
    var limit: Int?
    @OptionGroup var options: SharedOptions

    /// How many lines are in memory at once.
    private static let linesAtOnce = 10_000

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit): expected 1 or more.") }
        try ArgumentWord.refuseEmpty([
            ("--name", name), ("--queue", queue), ("--token", token), ("--batch", batch),
        ])
        _ = try begin(now: Date())
    }

    /// The moment of `--since`.
    private func begin(now: Date) throws(ValidationError) -> Date? {
        guard let since else { return nil }
        if let age = DurationText.parse(since) { return now.addingTimeInterval(-(age / .seconds(1))) }
        guard let moment = MomentText.parse(since) else {
            throw ValidationError(
                "--since is \"\(since)\": expected \(DurationText.expected), or \(MomentText.expected)."
            )
        }
        guard moment <= now else {
            throw ValidationError("--since is \(since), which is in the future: nothing has ended since then.")
        }
        return moment
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let limit = limit ?? (options.isJSON ? Int(Int32.max) : 20)
        var filter = HistoryFilter(token: token, batch: batch, name: name, queue: queue, status: status, limit: limit)
        filter.since = try begin(now: Date())
        let output = program.output
        if options.isJSON {
            try await program.withStore(settings) { [filter] store in
                try await store.requireSchema()
                try await Self.write(filter, of: store, to: output)
            }
            return .done
        }
        let (lines, nothing) = try await program.withStore(settings) { [filter] store in
            try await store.requireSchema()
            let lines = try await store.history(filter)
            return (lines, lines.isEmpty ? try await whyNothing(in: store, settings) : "")
        }
        guard !lines.isEmpty else {
            try output.write(nothing)
            return .done
        }
        try output.write(HistoryView.table(lines, now: Date()).lines(on: output.terminal))
        if lines.count == limit { try output.write("These are the newest \(limit). For more, use --limit.") }
        return .done
    }

    /// Writes lines as JSON, a part after the other.
    private static func write(_ filter: HistoryFilter, of store: any TaskDatabase, to output: Output) async throws {
        var (filter, left) = (filter, filter.limit)
        while left > 0 {
            filter.limit = min(left, linesAtOnce)
            let lines = try await store.history(filter)
            try output.write(lines.map(\.json.line))
            guard lines.count == filter.limit, let last = lines.last else { return }
            left -= lines.count
            filter.before = last.number
        }
    }

    /// What to say if there are no lines: the name may be misspelled, or the history is not kept.
    private func whyNothing(in store: any TaskDatabase, _ settings: Settings) async throws(StoreError) -> String {
        guard let name else {
            return store.history.isNothing
                ? "No tasks: the setting history is none." : "No tasks have ended that fulfil this."
        }
        guard store.history[name] != nil else {
            return "No tasks: the setting history is none for \(name.visible())."
        }
        let known = try await store.historyNames()
        guard !known.contains(name) else { return "No tasks have ended that fulfil this." }
        let nearest = Spelling.nearest(to: name, among: known)
        let hint = nearest.map { " Did you mean \"\($0.visible())\"?" } ?? ""
        return "The history has no task with the name \"\(name.visible())\".\(hint)"
    }
}
