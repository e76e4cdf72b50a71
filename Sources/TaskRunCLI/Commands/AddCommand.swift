import ArgumentParser
import Platform
import SystemPackage
import TaskRun
import Text

/// `taskrun add`: adds tasks.
struct AddCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Adds a task, or many from stdin, and prints their numbers.",
        discussion: """
            An application adds its tasks itself, with an INSERT in its own transaction; this is for scripts and for \
            trying things out. The payload is stored byte for byte.

              taskrun add CONTACT_EMAIL '{"email":"john@doe.example"}' --delay 10m
              taskrun add REPORT - < payloads.jsonl
              taskrun add - < tasks.jsonl

            With "-" as NAME each line of stdin is a task: an object with task_name, and perhaps data, queue, priority, \
            run_at, delay, max_attempts, timeout_seconds, dedupe_key, lock_key, expires_at, expires, token, batch, after_batch. With NAME and "-" each line is a payload. Millions of lines \
            are added in one transaction and in little memory. All are added, or none: a line that is no JSON, or that \
            the table does not take, is named by its number, and the exit code is 65. With --skip-bad such lines are \
            named and left out, all others are added, and the exit code is 1 if there was one. After Ctrl-C nothing is \
            added, nor where stdin ends in the middle of a line. SQLite's lock is taken when all lines are read; other \
            programs wait for it then, for some seconds with a million lines. On PostgreSQL this user needs the right \
            USAGE on the sequence tasks_id_seq, unless it owns the table.

            Where the numbers cannot be written to stdout the tasks are added all the same: stderr names them, and the exit code \
            is 0, so that no script adds them again. With --wait it is 74.

            With --dedupe-key nothing is added where a task of the same name and key waits: the number is that one's, \
            which is said on stderr. One that is being performed does not count, because it may have read old data. \
            Tasks with one --lock-key run one after the other, in order, whatever their names.

            Where the hooks folder has a program after-add, it is told once for all that was added.

            A task with a token leaves its result for whoever asks, for 24 hours (setting keep_result):

              T=$(taskrun add REVERSE '"Hello World!"' --token)
              taskrun wait $T
              taskrun add REVERSE '"Hello World!"' --wait

            With --token, --with-token and --reuse the token is printed instead of the number. --wait writes the result \
            alone to stdout, as "result" does: it performs the task at once in this process, or waits where another run \
            has it. One with a lock_key or after_batch, or of a queue or name that is limited or paused, is left to an \
            ordinary run, which is said once on stderr. Exit codes of --wait: \(ResultCommand.exitCodes).

            With --json each line is an object: id, task_name, where it has one token, and "new":false for one that waits already; \
            with --wait as by "result". On a terminal more than \(AddCommand.listed) numbers \
            are told in one sentence.
            """
    )

    @Argument(help: "The task name, or - for lines of whole tasks on stdin.")
    var name: String
    @Argument(help: "The payload: any JSON value, or - for one per line on stdin (default: {})")
    var json: String?
    @Option(help: "The queue (default: default)")
    var queue: String?
    @Option(parsing: .unconditional, help: "Smaller runs first; may be negative (default: 0)")
    var priority: Int32?
    @Option(help: ArgumentHelp("Not before this long from now, like 10m.", valueName: "duration"))
    var delay: String?
    @Option(help: ArgumentHelp("Not before this moment: \(MomentText.expected).", valueName: "moment"))
    var runAt: String?
    @Option(help: "Attempts in all (default: as the handler is configured)")
    var maxAttempts: Int32?
    @Option(
        help: ArgumentHelp(
            "The longest one attempt may take, like 30s (default: as the handler is configured)",
            valueName: "duration"
        )
    )
    var timeout: String?
    @Option(help: ArgumentHelp("Of this name and key at most one task waits.", valueName: "key"))
    var dedupeKey: String?
    @Option(help: ArgumentHelp("Tasks with one key run one after the other, in order.", valueName: "key"))
    var lockKey: String?
    @Option(help: ArgumentHelp("FAILED if it has not begun this long from now, like 10m.", valueName: "duration"))
    var expires: String?
    @Option(help: ArgumentHelp("FAILED if it has not begun by this moment.", valueName: "moment"))
    var expiresAt: String?
    @Option(help: ArgumentHelp("It belongs to this batch: see --after-batch.", valueName: "name"))
    var batch: String?
    @Option(help: ArgumentHelp("Not before all tasks of this batch have ended.", valueName: "name"))
    var afterBatch: String?
    @Flag(help: "Give it a token that nobody can guess, and print that.")
    var token = false
    @Option(help: ArgumentHelp("Give it this token, of 1 to 200 characters.", valueName: "token"))
    var withToken: String?
    @Option(
        help: ArgumentHelp(
            "If an equal task with a token ended COMPLETE within this time, take its result: its token is printed.",
            valueName: "duration"
        )
    )
    var reuse: String?
    @Flag(help: "Wait for the end and write the result; perform the task here if no run is faster.")
    var wait = false
    @Option(
        help: ArgumentHelp(
            "Wait for at most this long, like 30s; what is being performed here is given back then.",
            valueName: "duration"
        )
    )
    var waitTimeout: String?
    @Flag(help: "With lines: leave out those that cannot be used, and add the others.")
    var skipBad = false
    @OptionGroup var options: SharedOptions

    /// How many numbers are listed on a terminal.
    static let listed = 100

    func validate() throws {
        if skipBad, name != "-", json != "-" {
            throw ValidationError("--skip-bad is for lines on stdin: write - as NAME or as payload.")
        }
        if name == "-", json != nil {
            throw ValidationError("With - as NAME the payloads stand in the lines of stdin.")
        }
        if delay != nil, runAt != nil { throw ValidationError("--delay and --run-at exclude each other.") }
        if expires != nil, expiresAt != nil { throw ValidationError("--expires and --expires-at exclude each other.") }
        let isAsked = token || wait || withToken != nil || reuse != nil
        if isAsked, name == "-" || json == "-" {
            throw ValidationError("Tokens of lines stand in the lines: {\"task_name\":…,\"token\":\"…\"}.")
        }
        if isAsked, dedupeKey != nil {
            throw ValidationError(
                "With --dedupe-key there may be no new task to have the token: leave out one of them."
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
                "Nothing was added: a task of this name and --dedupe-key waits already, number as printed."
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
                "\(count) line\(isOne ? " was" : "s were") not added: a task of the same name and dedupe_key waits already."
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

    /// Prints the numbers, and then tells hooks, also where the numbers cannot be written: the tasks are there.
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
            advice: "Nothing was added. With --skip-bad all other lines would be."
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
            if token { advice += " A token of your own is --with-token \(task.data.visible())." }
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
