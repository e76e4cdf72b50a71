import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun batches`: what is left of the batches, and what waits for them.
struct BatchesCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "batches",
        abstract: "List batches: what is left of them, what waits for them, and which of their tasks runs longest.",
        discussion: """
              taskrun batches
              taskrun batches import-7
              taskrun batches --json | jq -r 'select(.failed > 0) | .batch'

            A batch is listed as long as one of its tasks is in the table, or a task waits for it. Its total counts \
            completed and cancelled tasks too; they are counted only while a task waits for the batch. FAILED tasks \
            are not left: the batch ends without them. The task that runs longest is the one that was due first.

            Without --limit, the first 100 are shown, by name. With --json, all are written, one object per line: \
            batch, total (null: no task waits for it), left, waiting, processing, failed, complete, cancelled, since \
            (when the first task that is there was added), followers, follower (id, task_name, since) or null, longest \
            (id, task_name, run_at, owner, progress_done, progress_total, progress_note) or null, is_partial (true: \
            there are more tasks than were counted). The exit status is 1 if there is no such batch.
            """
    )

    @Argument(help: "Only this batch.")
    var batch: String?
    @Option(help: ArgumentHelp("At most this many (default: 100; with --json, all)", valueName: "n"))
    var limit: Int?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit): expected 1 or more.") }
        try ArgumentWord.refuseEmpty([("The batch", batch)])
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let limit = limit ?? (options.isJSON ? Int(Int32.max) : 100)
        let (batches, location) = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return (try await store.batches(batch, limit: limit), store.location)
        }
        if let batch, batches.isEmpty {
            let advice = "It has ended and nothing waits for it, or it never was: no row of the table names it."
            throw ProgramError(.incomplete, "there is no batch \"\(batch)\" in \(location)", advice: advice)
        }
        let output = program.output
        if options.isJSON {
            try output.write(batches.map(\.json))
        } else if batches.isEmpty {
            try output.write("No batches.")
        } else {
            try output.write(BatchRow.table(batches, now: Date()).lines(on: output.terminal))
            if batches.count == limit {
                try output.write(output.terminal.wrap("These are the first \(limit). For more, use --limit."))
            }
        }
        return .done
    }
}

extension BatchRow {
    /// The table of `batches`.
    static func table(_ batches: [BatchRow], now: Date) -> TextTable {
        var table = TextTable([
            .name("batch"), .number("left"), .number("failed", usual: "0"), .number("total", usual: ""),
            .text("since", usual: ""), .name("waits for it", usual: ""), .gist("runs longest", usual: ""),
        ])
        for batch in batches {
            table.add([
                "\(batch.batch)",
                TextTable.Cell(count(batch.waiting, batch.processing)),
                TextTable.Cell(count(batch.failed), batch.failed > 0 ? .red : nil),
                TextTable.Cell(batch.total.map { CountText.write(Int($0), isPartial: batch.isPartial) } ?? ""),
                TextTable.Cell(batch.since.map { $0.relative(to: now) } ?? ""),
                TextTable.Cell(batch.waiter),
                TextTable.Cell(batch.runner(now: now), .faint),
            ])
        }
        return table
    }

    private static func count(_ parts: Int...) -> String {
        CountText.write(parts.reduce(0, +), isPartial: parts.contains { $0 >= mostCounted })
    }

    /// `12 IMPORT_REPORT and 2 more`.
    private var waiter: String {
        guard let follower else { return "" }
        let more = followers > 1 ? " and \(Self.count(followers - 1)) more" : ""
        return "\(follower.id) \(follower.name)\(more)"
    }

    /// `17 IMPORT_LINE, 4 min: 3/10`.
    private func runner(now: Date) -> String {
        guard let longest else { return "" }
        let age = longest.runAt.map { ", \(DurationText.age(.seconds(max(0, now.timeIntervalSince($0)))))" } ?? ""
        let progress = ProgressText.write(longest.progressDone, longest.progressTotal, longest.progressNote)
        return "\(longest.id) \(longest.name)\(age)\(progress.map { ": \($0)" } ?? "")"
    }

    /// For programs.
    fileprivate var json: JSONValue {
        [
            "batch": .text(batch), "total": .number(total), "left": .number(left), "waiting": .number(waiting),
            "processing": .number(processing), "failed": .number(failed), "complete": .number(complete),
            "cancelled": .number(cancelled), "since": .text(since.map(MomentText.iso)),
            "followers": .number(followers), "follower": follower?.json ?? .null, "longest": longest?.json ?? .null,
            "is_partial": .bool(isPartial),
        ]
    }
}

extension BatchRow.Follower {
    fileprivate var json: JSONValue {
        ["id": .number(id), "task_name": .text(name), "since": .text(since.map(MomentText.iso))]
    }
}

extension BatchRow.Held {
    fileprivate var json: JSONValue {
        [
            "id": .number(id), "task_name": .text(name), "run_at": .text(runAt.map(MomentText.iso)),
            "owner": .text(owner), "progress_done": .number(progressDone), "progress_total": .number(progressTotal),
            "progress_note": .text(progressNote),
        ]
    }
}
