import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun runs`: the runs of all hosts, the newest first.
struct RunsCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List the runs of all hosts, the newest first.",
        discussion: """
              taskrun runs
              taskrun runs --limit 100 --json | jq 'select(.state == "lost")'

            A run writes a row when it claims its first task or begins to stay, each minute, and at its end. Runs of \
            one crontab line that find nothing to do share a row. Rows are kept for 7 days. The states: running; lost \
            (no end was written, and its process is gone or has not written for 5 minutes); ended; failed (an error \
            ended it early, or its exit status was not 0); idle (it found nothing to do). "taskrun add --wait" and \
            "taskrun bench" leave no rows.

            Without --limit, the newest 20 are shown. With --json, all are written, one object per line: state, host, \
            pid, user, command, version, began_at, seen_at, seen_seconds_ago, ended_at (null: it has not ended), \
            exit_status, error, is_idle, runs (how many share the row), slots, task_names, claimed, succeeded, retried, \
            failed, released, recovered, lease_lost.
            """
    )

    @Option(help: ArgumentHelp("List at most this many (default: 20; with --json, all)", valueName: "n"))
    var limit: Int?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit): expected 1 or more.") }
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let limit = limit ?? (options.isJSON ? Int(Int32.max) : 20)
        let list = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return try await store.runs(limit: limit)
        }
        let life = HostProcesses(identity: .ofThisProcess()).life
        let output = program.output
        if options.isJSON {
            try output.write(list.rows.map { $0.json(at: list.now, life: life($0.record.run)) })
        } else if list.rows.isEmpty {
            try output.write("No run has been recorded.")
        } else {
            try output.write(RunsView(list, life: life).lines(on: output.terminal))
            if list.rows.count == limit {
                try output.write(output.terminal.wrap("These are the newest \(limit). For more, use --limit."))
            }
        }
        return .done
    }
}

/// What `runs` shows.
struct RunsView {
    private let list: RunList
    private let life: (String?) -> RunLife

    init(_ list: RunList, life: @escaping (String?) -> RunLife) { (self.list, self.life) = (list, life) }

    /// The table.
    func lines(on terminal: Terminal) -> [String] {
        var table = TextTable([
            .text("state"), .name("run"), .text("began"), .text("last seen"), .sentence("tasks"), .gist("command"),
        ])
        for row in list.rows {
            let standing = row.standing(at: list.now, life: life(row.record.run))
            table.add([
                TextTable.Cell(standing.rawValue, standing.colour),
                TextTable.Cell("\(row.record.pid) on \(row.record.host)"),
                TextTable.Cell(row.beganAt.map { $0.relative(to: list.now) } ?? ""),
                TextTable.Cell(row.seenAt.map { $0.relative(to: list.now) } ?? ""),
                TextTable.Cell(row.summary(standing)),
                TextTable.Cell("\(row.record.command) (\(row.record.user))", .faint),
            ])
        }
        return table.lines(on: terminal)
    }
}

extension RunStanding {
    /// Its colour on a terminal.
    var colour: Ink.Colour? {
        switch self {
        case .running: .green
        case .lost, .failed: .red
        case .ended: nil
        case .idle: .faint
        }
    }
}

extension RunRow {
    /// `none, 120 times`, or `12 done, 1 retried, 2 failed`, or how it ended.
    fileprivate func summary(_ standing: RunStanding) -> String {
        func some(_ count: Int, _ word: String) -> String? { count > 0 ? "\(CountText.write(count)) \(word)" : nil }
        let open = counts.claimed - counts.succeeded - counts.retried - counts.failed - counts.released
        let counted = [
            standing == .running || standing == .lost ? some(open, "claimed") : nil,
            some(counts.succeeded, "done"), some(counts.retried, "retried"), some(counts.failed, "failed"),
            some(counts.released, "released"), some(counts.recovered, "recovered"),
            some(counts.leasesLost, counts.leasesLost == 1 ? "lease lost" : "leases lost"),
            standing == .failed ? "exit \(exitStatus ?? 0)" : nil,
        ].compactMap(\.self)
        guard isIdle else { return counted.isEmpty ? "none" : counted.joined(separator: ", ") }
        let often = runs == 1 ? "once" : "\(CountText.write(Int(clamping: runs))) times"
        return (["found nothing, \(often)"] + counted).joined(separator: ", ")
    }

    /// For programs; what became of the run is left out without `life`.
    func json(at now: Date, life: RunLife? = nil) -> JSONValue {
        let state = life.map { [(key: "state", value: JSONValue.text(standing(at: now, life: $0).rawValue))] }
        return .object(
            (state ?? []) + [
                ("host", .text(record.host)), ("pid", .number(Int(record.pid))), ("user", .text(record.user)),
                ("command", .text(record.command)), ("version", .text(record.version)),
                ("began_at", .text(beganAt.map(MomentText.iso))), ("seen_at", .text(seenAt.map(MomentText.iso))),
                ("seen_seconds_ago", seenAt.map { .measured(max(0, now.timeIntervalSince($0))) } ?? .null),
                ("ended_at", .text(endedAt.map(MomentText.iso))), ("exit_status", .number(exitStatus)),
                ("error", .text(error)), ("is_idle", .bool(isIdle)), ("runs", .number(runs)),
                ("slots", .number(record.slots)), ("task_names", .list(record.names.map { .text($0) })),
                ("claimed", .number(counts.claimed)), ("succeeded", .number(counts.succeeded)),
                ("retried", .number(counts.retried)), ("failed", .number(counts.failed)),
                ("released", .number(counts.released)), ("recovered", .number(counts.recovered)),
                ("lease_lost", .number(counts.leasesLost)),
            ]
        )
    }
}
