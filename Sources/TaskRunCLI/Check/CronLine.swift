import Platform
import TaskRun

/// Whether something starts runs of these tables each minute: what is written down is read, nothing is tried.
struct CronLine {
    /// The program's name.
    let program: String
    /// What `check` was asked about.
    let settings: Settings
    /// The database's place in the words of its store, which are the same for each way to write its address.
    let database: (Settings) -> String

    /// A line that starts a run.
    struct Line {
        /// Where it stands: `this user's crontab`.
        let place: String
        /// What it starts: `taskrun once --linger`.
        let run: String
        /// What keeps it from performing these tables' tasks each minute.
        var troubles: [Finding] = []
        /// The queues that it claims from, or nil for all.
        var queues: QueueFilter?
        /// The names that it performs; none: all.
        var names: [String] = []
    }

    /// Looks into this user's crontab, the system's, and systemd's units.
    func find(in tables: [CronTable] = CronTable.all(), isAlive: Bool? = CronDaemon.isAlive()) -> [Finding] {
        judge(tables.flatMap { table in table.starts.compactMap { line($0, in: table, isAlive: isAlive) } })
    }

    /// What is said of the lines that start runs.
    func judge(_ lines: [Line]) -> [Finding] {
        guard !lines.isEmpty else {
            return [
                warning("no line that starts \(program) once was found", "Add one with crontab -e, like: \(proposal)")
            ]
        }
        let sound = lines.filter(\.troubles.isEmpty)
        if let line = sound.first(where: { $0.queues == nil && $0.names.isEmpty }) {
            return [Finding(.ok, "cron", "\(line.place) starts \(line.run)")]
        }
        if let line = sound.first {
            let parts = sound.map { "\($0.place) starts \($0.run)" }.joined(separator: "; ")
            let filters = sound.filter(\.names.isEmpty).compactMap(\.queues)
            if filters.contains(where: { Self.isRestCovered($0, by: filters) }) { return [Finding(.ok, "cron", parts)] }
            let what = line.names.isEmpty ? "other queues" : "other names"
            return [
                warning(
                    "\(parts): tasks of \(what) are not started",
                    "Add a line without --queue and --only, like: \(proposal)"
                )
            ]
        }
        // The one that comes nearest says most.
        guard let best = lines.min(by: { $0.troubles.count < $1.troubles.count }) else { return [] }
        let found = best.troubles.map(\.found).joined(separator: "; ")
        let level = best.troubles.map(\.level).max() ?? .warning
        let advice = best.troubles.compactMap(\.advice).first ?? "Use a line like: \(proposal)"
        return [Finding(level, "cron", "\(best.place) starts \(best.run), but \(found)", advice: advice)]
    }

    /// Whether what a filter leaves out is taken by others: `!bulk` beside `bulk`.
    private static func isRestCovered(_ filter: QueueFilter, by others: [QueueFilter]) -> Bool {
        filter.words.contains("*")
            && filter.except.allSatisfy { name in
                others.contains { $0.words.contains(name) && !$0.except.contains(name) }
            }
    }

    private func warning(_ found: String, _ advice: String?) -> Finding {
        Finding(.warning, "cron", found, advice: advice)
    }

    /// Reads one line, or returns nil if it starts no run.
    private func line(_ start: CronTable.Start, in table: CronTable, isAlive: Bool?) -> Line? {
        guard
            let run = CronRun(start.command, program: program, folder: start.folder, variables: start.variables)
        else { return nil }
        let linger = run.options["--linger"] == nil ? "" : " --linger"
        let only = ["--queue", "--only"].compactMap { name in
            run.options[name].map { " \(name) \($0.joined(separator: ","))" }
        }
        var line = Line(
            place: table.place,
            run: "\(program) once\(linger)\(only.joined())",
            queues: run.queues,
            names: run.names
        )
        if let trouble = table.trouble { line.troubles.append(warning(trouble.found, trouble.advice)) }
        if let trouble = start.trouble { line.troubles.append(warning(trouble, nil)) }
        if !run.isUnknown {
            if run.file == nil {
                let path = run.variables["PATH"] ?? "/usr/bin:/bin"
                let found =
                    run.program.contains("/")
                    ? "there is no program \(PathText.join(run.folder, run.program))"
                    : "there is no program \(run.program) in its PATH, \(path)"
                line.troubles.append(Finding(.error, "cron", found, advice: "Correct the line, like: \(proposal)"))
            }
            line.troubles += differences(run)
        }
        if table.isOfCron, isAlive == false {
            let advice =
                "Start the cron daemon (service cron start, or systemctl enable --now cron), or start the line in another way."
            line.troubles.append(warning("no cron daemon runs on this machine", advice))
        }
        return line
    }

    /// What is other about a run than what `check` was asked about.
    private func differences(_ run: CronRun) -> [Finding] {
        let other: Settings
        do {
            other = try run.settings()
        } catch {
            return [warning("its settings cannot be used: \(error.problem)", error.advice)]
        }
        let (theirs, ours) = (database(other), database(settings))
        guard theirs == ours else {
            let advice =
                "Check that database too, with the line's own options; for this one use a line like: \(proposal)"
            return [warning("for another database, \(theirs)", advice)]
        }
        let (those, these) = (PathText.real(other.handlers), PathText.real(settings.handlers))
        let isAny = [those, these].contains { FileManager.default.fileExists(atPath: $0) }
        guard those == these || !isAny else { return [warning("with other handlers, those in \(those)", nil)] }
        return []
    }

    /// The line for this database, with the password left out.
    private var proposal: String {
        let secret = settings.database.hasSecret && CommandWords.alone(settings)?.database != settings.database
        return "* * * * *  \(command) (with --linger, tasks start as soon as they are added)"
            + (secret ? "; the password goes into ~/.pgpass, or the whole address into a settings file" : "")
    }

    /// The command for cron, which has neither this folder, nor this environment, nor this PATH.
    private var command: String {
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? program
        // What the file alone does not say comes from this environment or these flags.
        let alone = CommandWords.alone(settings)
        var words = [path] + CommandWords.options(settings)
        if !settings.isHandlersDefault, alone?.handlers != settings.handlers {
            words += ["--handlers", PathText.absolute(settings.handlers)]
        }
        if !settings.isHooksDefault, alone?.hooks != settings.hooks {
            words += ["--hooks", PathText.absolute(settings.hooks)]
        }
        words.append("once")
        return (settings.file == nil ? "cd \(Self.quoted(FileManager.default.currentDirectoryPath)) && " : "")
            + words.map(Self.quoted).joined(separator: " ")
    }

    /// A word for sh, and for cron, to which a percent sign is the end of the line.
    private static func quoted(_ word: String) -> String {
        CommandWords.quoted(word).replacing("%", with: "\\%")
    }
}
