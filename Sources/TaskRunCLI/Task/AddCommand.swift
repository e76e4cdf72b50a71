import ArgumentParser
import Platform
import SystemPackage
import TaskRun
import Text

/// `taskrun add`: adds tasks.
struct AddCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a task, or many from stdin, and print their numbers.",
        discussion: """
            This command is for scripts and for tests by hand. An application adds its tasks with an INSERT in its \
            own transaction.

              taskrun add CONTACT_EMAIL '{"email":"john@doe.example"}' --delay 10m
              taskrun add REPORT - < payloads.jsonl
              taskrun add - < tasks.jsonl
              T=$(taskrun add REVERSE '"Hello World!"' --token)
              taskrun wait $T
              taskrun add REVERSE '"Hello World!"' --wait

            Each line of stdin is a payload or, with - as NAME, an object with task_name and, if needed, data, queue, \
            priority, run_at, delay, max_attempts, timeout_seconds, dedupe_key, lock_key, expires_at, expires, token, \
            batch, after_batch. Payloads are stored byte for byte.

            All lines are added in one transaction, or none. stderr names a line that is not JSON or that the table \
            refuses: the exit status is 65, or 1 with --skip-bad. Ctrl-C, or input that ends in the middle of a line, \
            adds nothing. SQLite is locked only after all lines are read. PostgreSQL needs the right USAGE on the \
            sequence tasks_id_seq, unless this user owns the table.

            If an equal task (same name and --dedupe-key) waits, nothing is added, and the number of the waiting task \
            is printed. A running task does not count as waiting, because it may have read old data.

            Results are kept for 24 hours (setting keep_result). --wait performs the task in this process, or waits if \
            another run has claimed it. It leaves the task to an ordinary run if the task has a lock_key or \
            after_batch, if its queue is paused, if its queue or name has a limit, if this host has no handler for \
            it, or if its run died. It also waits while all handler slots of this host are in use. \
            Exit status of --wait: \(ResultCommand.exitCodes).

            If stdout cannot be written, stderr names the added tasks. The exit status is then 0, or 74 with --wait. \
            Do not add these tasks again. The hook after-add is called once for all added tasks. On a terminal, more \
            than \(AddCommand.listed) numbers are written as one line.

            With --json, each line is an object: id, task_name, token if it has one, and "new":false if it was \
            skipped; with --wait as for "result".
            """
    )

    @Argument(help: "The task name, or - to read whole tasks from stdin.")
    var name: String
    @Argument(help: "The payload, any JSON value; or - to read payloads from stdin (default: {})")
    var json: String?
    @Option(help: "The queue (default: default)")
    var queue: String?
    @Option(parsing: .unconditional, help: "Smaller numbers run first; may be negative (default: 0)")
    var priority: Int32?
    @Option(help: ArgumentHelp("Make the task due after this time, like 10m.", valueName: "duration"))
    var delay: String?
    @Option(help: ArgumentHelp("Make the task due at this moment: \(MomentText.expected).", valueName: "moment"))
    var runAt: String?
    @Option(help: "The most attempts, the first included (default: as the handler is configured)")
    var maxAttempts: Int32?
    @Option(
        help: ArgumentHelp(
            "The longest one attempt may take, like 30s (default: as the handler is configured)",
            valueName: "duration"
        )
    )
    var timeout: String?
    @Option(help: ArgumentHelp("Add nothing if a waiting task has the same name and key.", valueName: "key"))
    var dedupeKey: String?
    @Option(help: ArgumentHelp("Run tasks with the same key one at a time, in order.", valueName: "key"))
    var lockKey: String?
    @Option(help: ArgumentHelp("Fail the task if it has not begun after this time, like 10m.", valueName: "duration"))
    var expires: String?
    @Option(help: ArgumentHelp("Fail the task if it has not begun by this moment.", valueName: "moment"))
    var expiresAt: String?
    @Option(help: ArgumentHelp("Put the task into this batch; see --after-batch.", valueName: "name"))
    var batch: String?
    @Option(help: ArgumentHelp("Begin only when all tasks of this batch have ended.", valueName: "name"))
    var afterBatch: String?
    @Flag(help: "Give the task a random token and print it.")
    var token = false
    @Option(help: ArgumentHelp("Give the task this token, 1 to 200 characters, and print it.", valueName: "token"))
    var withToken: String?
    @Option(
        help: ArgumentHelp(
            "If a task with the same name, the same payload and a token ended COMPLETE within this time, add nothing "
                + "and print its token.",
            valueName: "duration"
        )
    )
    var reuse: String?
    @Flag(help: "Wait for the end and write the result. Perform the task here if no run is faster.")
    var wait = false
    @Option(
        help: ArgumentHelp(
            "Wait at most this long, like 30s. Then release the task if it is performed here.",
            valueName: "duration"
        )
    )
    var waitTimeout: String?
    @Flag(help: "When reading lines: skip bad lines and add the others.")
    var skipBad = false
    @OptionGroup var options: SharedOptions

    /// How many numbers are listed on a terminal.
    static let listed = 100

    func validate() throws {
        if skipBad, name != "-", json != "-" {
            throw ValidationError("--skip-bad is for lines on stdin: write - as NAME or as payload.")
        }
        if name == "-", json != nil {
            throw ValidationError("With - as NAME, the payloads are read from stdin with the tasks.")
        }
        if delay != nil, runAt != nil { throw ValidationError("--delay and --run-at cannot be combined.") }
        if expires != nil, expiresAt != nil { throw ValidationError("--expires and --expires-at cannot be combined.") }
        let isAsked = token || wait || withToken != nil || reuse != nil
        if isAsked, name == "-" || json == "-" {
            throw ValidationError(
                "When reading lines, write tokens in the lines: {\"task_name\":…,\"token\":\"…\"}."
            )
        }
        if isAsked, dedupeKey != nil {
            throw ValidationError(
                "With --dedupe-key there may be no new task for the token: leave out one of the two."
            )
        }
        if token, withToken != nil { throw ValidationError("--token makes one, --with-token gives one: choose one.") }
        if waitTimeout != nil, !wait { throw ValidationError("--wait-timeout is for --wait.") }
        _ = try reuse.map { text throws(ValidationError) in try Self.duration(text, "--reuse") }
        _ = try waitTimeout.map { text throws(ValidationError) in try Self.duration(text, "--wait-timeout") }
        if let maxAttempts, maxAttempts < 1 {
            throw ValidationError("--max-attempts is \(maxAttempts): expected 1 or more.")
        }
        _ = try common()
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        try HookList.requireTrust(program, settings)
        if name == "-" || json == "-" { return try await addLines(program, settings) }
        if token || wait || withToken != nil || reuse != nil {
            return try await AskedTask(
                task: try task(),
                token: withToken,
                reuse: reuse.flatMap(DurationText.parse),
                isWaitedFor: wait,
                patience: waitTimeout.flatMap(DurationText.parse)
            ).run(in: program, settings, isJSON: options.isJSON)
        }
        let task = try task()
        var added = AddedTasks(keepingNames: options.isJSON)
        try await program.withStore(settings) { store in
            try await store.requireSchema()
            added.append(try await store.addEach([task]))
        }
        if added.hasOld {
            try AddedTasks.sayWhereUnwritten("Nothing was added: task \(added.ends?.first ?? 0) waits already", program)
            {
                try added.eachLine { try program.output.write($0) }
            }
            program.screen.write(
                "Nothing was added: a task with this name and key waits already. Its number is printed."
            )
            return .done
        }
        try await tell(added, task: task, program, settings) {
            try added.eachLine { try program.output.write($0) }
        }
        return .done
    }

    private func addLines(_ program: Program, _ settings: Settings) async throws -> ExitStatus {
        let stop = StopSignal()
        let common = try common()
        let (isAdded, outcome) = try await StopSignals.listen(stop, beside: {}) {
            try await program.withStore(settings) { store in
                try await store.requireSchema()
                let source = LineSource(
                    LineInput(.standardInput),
                    as: name == "-" ? .task : .payload,
                    common: common,
                    isLenient: skipBad,
                    keepingNames: options.isJSON,
                    screen: program.screen,
                    stop: stop
                )
                stop.listen { source.cancel() }
                defer { program.screen.write([], progress: "") }
                return (try await store.add(from: source), source.outcome)
            }
        }
        guard isAdded else { throw Self.undone(outcome, isStopped: stop.requests > 0) }
        try await tell(outcome.added, program, settings) {
            if program.output.terminal.isTerminal, !options.isJSON, outcome.added.count > Self.listed {
                try program.output.write(outcome.added.sentence)
            } else {
                try outcome.added.eachLine { try program.output.write($0) }
            }
        }
        if outcome.notNeeded > 0 {
            let (count, isOne) = (CountText.write(outcome.notNeeded), outcome.notNeeded == 1)
            program.screen.write(
                "\(count) line\(isOne ? " was" : "s were") not added: a task with the same name and key waits already."
            )
        }
        guard outcome.badCount > 0 else { return .done }
        if options.isJSON {
            try program.output.write(outcome.bad.map { ["line": .number($0.number), "error": .text($0.problem)] })
        }
        program.screen.write(outcome.bad.map { "Line \($0.number) is left out: \($0.problem)" })
        let rest = outcome.badCount - outcome.bad.count
        if rest > 0 { program.screen.write("\(CountText.write(rest)) more lines are left out.") }
        return .incomplete
    }

    /// Prints the numbers and then calls hooks, even if the numbers cannot be written: the tasks are there.
    private func tell(
        _ added: AddedTasks,
        task: NewTask? = nil,
        _ program: Program,
        _ settings: Settings,
        print: () throws -> Void
    ) async throws {
        try AddedTasks.sayWhereUnwritten(added.spoken, program, print)
        if let (first, last) = added.ends {
            let added = HookAddition(count: added.count, firstID: first, lastID: last, task: task)
            await HookList.tell(added, program, settings)
        }
    }

    /// Why nothing was added.
    private static func undone(_ outcome: LineSource.Outcome, isStopped: Bool) -> ProgramError {
        if let problem = outcome.problem { return ProgramError(.badData, problem, advice: "Nothing was added.") }
        guard let line = outcome.bad.first, !isStopped else {
            return ProgramError(.tryAgain, "stopped before all lines were added", advice: "Nothing was added.")
        }
        return ProgramError(
            .badData,
            "line \(line.number) of stdin cannot be used: \(line.problem)",
            advice: "Nothing was added. With --skip-bad, all other lines are added."
        )
    }

    private func task() throws -> NewTask {
        var task = try common()
        task.data = json ?? task.data
        do {
            try JSONScanner.check(task.data)
        } catch {
            let place = error.line > 1 ? "line \(error.line), column \(error.column)" : "column \(error.column)"
            var advice = "Write it in single quotes, like '{\"email\":\"john@doe.example\"}'."
            if token { advice += " To give the task this token, write --with-token \(task.data.visible())." }
            throw ProgramError(.badData, "the payload is not JSON: \(error.problem), at \(place)", advice: advice)
        }
        return task
    }

    /// What the options say, for one task or for all lines.
    private func common() throws(ValidationError) -> NewTask {
        var task = NewTask(
            name: name,
            queue: queue,
            priority: priority.map(Int.init),
            maxAttempts: maxAttempts.map(Int.init),
            dedupeKey: dedupeKey,
            lockKey: lockKey,
            batch: batch,
            afterBatch: afterBatch
        )
        task.expiresAfter = try expires.map { text throws(ValidationError) in try Self.duration(text, "--expires") }
        task.delay = try delay.map { text throws(ValidationError) in try Self.duration(text, "--delay") }
        let limit = try timeout.map { text throws(ValidationError) in try Self.duration(text, "--timeout") }
        // The column holds whole seconds.
        task.timeoutSeconds = limit.map { max(1, Int(($0 / .seconds(1)).rounded(.up))) }
        task.runAt = try runAt.map { text throws(ValidationError) in try Self.moment(text, "--run-at") }
        task.expiresAt = try expiresAt.map { text throws(ValidationError) in try Self.moment(text, "--expires-at") }
        return task
    }

    private static func moment(_ text: String, _ flag: String) throws(ValidationError) -> Date {
        guard let moment = MomentText.parse(text) else {
            throw ValidationError("\(flag) is \"\(text)\": expected \(MomentText.expected).")
        }
        return moment
    }

    private static func duration(_ text: String, _ flag: String) throws(ValidationError) -> Duration {
        guard let duration = DurationText.parse(text) else {
            throw ValidationError("\(flag) is \"\(text)\": expected \(DurationText.expected).")
        }
        return duration
    }
}
