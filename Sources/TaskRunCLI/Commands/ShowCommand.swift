import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun show`: one row with everything.
struct ShowCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one task with everything, its payload and its last error included.",
        discussion: """
              taskrun show 12
              taskrun show 12 --json | jq .data

            The payload is written byte for byte (on a terminal without control characters). Ends with exit code 1 \
            if there is no such task.
            """
    )

    @Argument(help: "The task's number.")
    var id: Int64
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let (row, location) = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return (try await store.show(id), store.location)
        }
        guard let row else {
            let advice = "Its handler may have succeeded: the row is deleted then."
            throw ProgramError(.incomplete, "there is no task \(id) in \(location)", advice: advice)
        }
        let output = program.output
        try output.write(options.isJSON ? [row.json.line] : Self.lines(row, now: Date(), on: output.terminal))
        return .done
    }

    /// Where a task with a lock key stands.
    private static func place(_ row: TaskRow) -> String {
        switch row.lockPlace {
        case 1: ", another one is ahead"
        case 2: ", which it holds"
        default: ""
        }
    }

    private static func lines(_ row: TaskRow, now: Date, on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        func moment(_ date: Date?) -> String? {
            date.map { "\(MomentText.plain($0)) UTC, \($0.relative(to: now))" }
        }
        let fields: [(String, String?)] = [
            ("id", "\(row.id)"),
            ("task_name", row.name.visible()),
            ("status", ink(row.status.rawValue, row.status.colour)),
            ("queue", row.queue.visible()),
            ("priority", "\(row.priority)"),
            ("created_at", moment(row.createdAt)),
            ("run_at", moment(row.runAt)),
            ("attempts", "\(row.attempts)" + (row.maxAttempts.map { " of \($0)" } ?? "")),
            ("timeout", row.timeoutSeconds.map { DurationText.write(.seconds($0)) }),
            ("dedupe_key", row.dedupeKey?.visible()),
            ("lock_key", row.lockKey.map { "\($0.visible())\(Self.place(row))" }),
            ("expires_at", moment(row.expiresAt)),
            ("crashes", row.crashes > 0 ? "\(row.crashes) in a row" : nil),
            ("postponed", row.postponed > 0 ? "\(row.postponed) times in a row" : nil),
            ("claim_no", "\(row.claimNumber)"),
            ("lease_owner", row.leaseOwner.map { RunIdentity.describe(owner: $0).visible() }),
            ("lease_expires_at", moment(row.leaseExpiresAt)),
            ("token", row.token?.visible()),
            (
                "progress",
                ProgressText.write(row.progressDone, row.progressTotal, row.progressNote.map { $0.visible() })
            ),
            ("cancel_requested", moment(row.cancelRequestedAt)),
            ("batch", row.batch?.visible()),
            ("after_batch", row.afterBatch?.visible()),
        ]
        let head = fields.compactMap { name, value in value.map { ink(name.padded(18), .faint) + $0 } }
        let data = terminal.isTerminal ? row.data.visible(keepingLines: true) : row.data
        let error = row.lastError.map { ["", ink("last_error", .faint), $0.visible(keepingLines: true)] } ?? []
        return head + ["", ink("data", .faint), data] + error
    }
}
