import Handlers
import Platform
import TaskRun
import Text

/// Whether something starts runs of these tables each minute: what is written down is read, nothing is tried.
struct CronLine {
    /// The program's name.
    let program: String
    /// What `check` was asked about.
    let settings: Settings
    /// The database's place in the words of its store, which are the same for each way to write its address.
    let database: (Settings) -> String
    /// What the table says about runs.
    var evidence = CronEvidence(list: nil, host: "", life: { _ in .unknown })
    /// Which handlers cannot start with a search path, for people.
    var handlersWithout: (String) -> [String] = { _ in [] }
    /// From when on ages are counted.
    var now = Date()

    /// A line that starts a run.
    struct Line {
        /// Where it stands: `this user's crontab`.
        let place: String
        /// What it starts: `taskrun once --linger`.
        let run: String
        /// What keeps it from performing these tables' tasks each minute.
        var troubles: [CronTrouble] = []
        /// The queues that it claims from, or nil for all.
        var queues: QueueFilter?
        /// The names that it performs; none: all.
        var names: [String] = []
        /// What is known of its runs, for people.
        var remark = ""

        fileprivate var isElsewhere: Bool { troubles.contains { $0.kind == .elsewhere } }
        fileprivate var isBroken: Bool { troubles.contains { $0.kind == .broken } }
    }

    /// Looks into this user's crontab, the system's, and systemd's units.
    func find(in tables: [CronTable] = CronTable.all(), isAlive: Bool? = CronDaemon.isAlive()) -> [Finding] {
        judge(tables.flatMap { table in table.starts.compactMap { line($0, in: table, isAlive: isAlive) } })
    }

    /// What is said of the lines that start runs: one finding for all that do, and one for each that does not.
    func judge(_ lines: [Line]) -> [Finding] {
        let sound = lines.filter(\.troubles.isEmpty)
        // A line for other tables may well be right.
        let near = lines.filter { !$0.isElsewhere }
        guard !sound.isEmpty else {
            let rest = (near.isEmpty ? lines : near).sorted { $0.troubles.count < $1.troubles.count }
            return rest.isEmpty ? [withoutLine] : rest.map(finding)
        }
        return [judge(sound: sound)] + near.filter(\.isBroken).map(finding)
    }

    private func judge(sound: [Line]) -> Finding {
        if let line = sound.first(where: { $0.queues == nil && $0.names.isEmpty }) {
            return Finding(.ok, "cron", "\(line.place) starts \(line.run)\(line.remark)")
        }
        let parts = sound.map { "\($0.place) starts \($0.run)\($0.remark)" }.joined(separator: ", and ")
        let filters = sound.filter(\.names.isEmpty).compactMap(\.queues)
        if filters.contains(where: { Self.isRestCovered($0, by: filters) }) { return Finding(.ok, "cron", parts) }
        let what = sound.first?.names.isEmpty == true ? "other queues" : "other names"
        return Finding(
            .warning,
            "cron",
            "\(parts): tasks of \(what) are not started",
            advice: "Add a line without --queue and --only, like: \(proposal)"
        )
    }

    /// What is wrong with a line.
    private func finding(_ line: Line) -> Finding {
        let found = line.troubles.map(\.found).joined(separator: "; ")
        let level = line.troubles.map(\.level).max() ?? .warning
        let advice = line.troubles.compactMap(\.advice).first ?? "Use a line like: \(proposal)"
        return Finding(level, "cron", "\(line.place) starts \(line.run), but \(found)", advice: advice)
    }

    /// Runs may be started by another host, or by something that is no table of this one.
    private var withoutLine: Finding {
        let found = "no line that starts \(program) once was found"
        if let (row, ago) = evidence.regular {
            let age = DurationText.age(.milliseconds(Int64(ago * 1000)))
            let runs = "runs come all the same, the last one \(age) ago: \(row.record.command) on \(row.record.host)"
            return Finding(.ok, "cron", "\(found) here; \(runs)")
        }
        return Finding(.warning, "cron", found, advice: "Add one with crontab -e, like: \(proposal)")
    }

    /// Whether what a filter leaves out is taken by others: `!bulk` beside `bulk`.
    private static func isRestCovered(_ filter: QueueFilter, by others: [QueueFilter]) -> Bool {
        filter.words.contains("*")
            && filter.except.allSatisfy { name in
                others.contains { $0.words.contains(name) && !$0.except.contains(name) }
            }
    }

    /// Reads one line, or returns nil if it starts no run.
    private func line(_ start: CronTable.Start, in table: CronTable, isAlive: Bool?) -> Line? {
        guard let (run, why) = run(of: start) else { return nil }
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
        line.troubles = [table.trouble].compactMap(\.self) + (why.map { [$0] } ?? start.troubles)
        if let schedule = start.schedule, let seldom = Self.seldom(schedule, stay: run.stay) {
            line.troubles.append(seldom)
        }
        let user = run.isForOther ? nil : start.user.flatMap(UserAccess.init(name:))
        let other = user.flatMap { $0.number == geteuid() ? nil : $0 }
        line.troubles += run.obstacles(for: other, own: ownFile)
        if !run.isUnknown { line.troubles += differences(run, other) }
        if table.isOfCron, isAlive == false {
            let advice =
                "Start the cron daemon (service cron start, or systemctl enable --now cron), "
                + "or start the line in another way."
            line.troubles.append(CronTrouble("no cron daemon runs on this machine", advice: advice))
        }
        if !line.isElsewhere {
            // What systemd knows, it also records; a line's user is this one if it names none.
            let name = start.user ?? ProcessInfo.processInfo.userName
            let state = evidence.state(of: run, user: name)
            line.remark = CronEvidence.text(state)
            let age = table.changed.map { now.timeIntervalSince($0) }
            if line.troubles.isEmpty, let trouble = CronEvidence.trouble(state, age: age, version: Version.text) {
                line.troubles.append(trouble)
            }
        }
        return line
    }

    /// The run that a line starts, or the one that it means to start, with the reason why it does not.
    private func run(of start: CronTable.Start) -> (CronRun, CronTrouble?)? {
        let read = { (command: String) in
            CronRun(
                command,
                program: program,
                folder: start.folder,
                variables: start.variables,
                text: CronTable.text
            )
        }
        if let run = read(start.command) { return (run, nil) }
        for (command, why) in start.meant {
            if let run = read(command) { return (run, why) }
        }
        return nil
    }

    /// Why a schedule is not enough, or nil if there is a run at each moment.
    private static func seldom(_ schedule: CronSchedule, stay: Duration?) -> CronTrouble? {
        guard !schedule.isEachMinute, schedule.fault == nil else { return nil }
        guard let gap = schedule.longestGap else {
            return CronTrouble("at \"\(schedule.text)\", which is not each minute", .seldom)
        }
        if let stay, .seconds(gap * 60) <= stay { return nil }
        let wait = DurationText.age(.seconds(gap * 60))
        return CronTrouble("at \"\(schedule.text)\", which is not each minute: tasks wait for up to \(wait)", .seldom)
    }

    /// What is other about a run than what `check` was asked about.
    private func differences(_ run: CronRun, _ user: UserAccess?) -> [CronTrouble] {
        let other: Settings
        do {
            other = try run.settings()
        } catch {
            return [CronTrouble("its settings cannot be used: \(error.problem)", advice: error.advice)]
        }
        let (theirs, ours) = (database(other), database(settings))
        guard theirs == ours else {
            let advice =
                "Check that database too, with the line's own options; for this one use a line like: \(proposal)"
            return [CronTrouble("for another database, \(theirs)", .elsewhere, advice: advice)]
        }
        let (those, these) = (PathText.real(other.handlers), PathText.real(settings.handlers))
        let isAny = [those, these].contains { FileManager.default.fileExists(atPath: $0) }
        guard those == these || !isAny else { return [CronTrouble("with other handlers, those in \(those)")] }
        let without = handlersWithout(run.variables["PATH"] ?? "/usr/bin:/bin").map { CronTrouble($0, level: .error) }
        return run.lacks(other, for: user) + without
    }

    private var proposal: String { CronProposal(program: program, settings: settings).text }
    private var ownFile: String { CronProposal(program: program, settings: settings).file }
}
