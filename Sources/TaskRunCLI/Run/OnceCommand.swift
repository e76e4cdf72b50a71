import ArgumentParser
import Handlers
import TaskRun
import Text

/// `taskrun once`: performs the due tasks, as cron starts it.
struct OnceCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "once",
        abstract: "Perform the due tasks, and end.",
        discussion: """
            Recovers the tasks of dead runs, claims due tasks, and gives each task to the handler for its name. The \
            row is deleted when the handler succeeds. The run ends when nothing is due, or when its window is over \
            and its handlers have ended. Start it from cron each minute. Without a terminal it prints nothing, unless \
            a person must do something.

              * * * * *  cd /srv/app && /usr/local/bin/taskrun once
              taskrun once --only IMAGE_RESIZE --concurrency 4
              taskrun once --drain --json
              taskrun once --queue high,default,low
              taskrun once --queue 'mail-*,!mail-bulk'

            --queue claims from the first queue as long as it has due tasks, then from the second, and so on. A * \
            stands for any characters; a name after ! is left out. The queues of one pattern are treated as one. \
            --fair claims equally from all queues with due tasks, whatever the priorities and the number of their \
            tasks.

            --linger stays when nothing is due, and begins a new task as soon as its INSERT commits. It ends when the \
            next run with --linger takes over, or after 3 minutes, or after --window if given. On PostgreSQL see also: \
            taskrun migrate --notify

              * * * * *  cd /srv/app && /usr/local/bin/taskrun once --linger

            With --json, one object: claimed, succeeded, retried, failed, released, recovered, lease_lost, waiting \
            (all WAITING tasks, due or not; null if they could not be counted), skipped (by a hook), cancelled, \
            gave_way (removed because an equal task waits), expired (FAILED: they had not begun in time), seconds, \
            stuck (how many ends the database refused to write; only if there are any) and trouble (what stopped the \
            run; only if something did).

            Programs in the hooks folder are called at run-start, before-perform (which can skip or postpone a task), \
            after-perform, on-failure, on-failed, queue-empty and run-end; taskrun add calls after-add.

            Exit status: 0 done, even if tasks wait for another attempt; 1 a task became FAILED (with \
            --fail-on-failed); 65 the database refused to write the end of a task; 69 the server does not answer; 75 \
            the database is locked, full or takes no writes now, or this machine has no more memory, files or \
            threads; 78 a person must correct settings, tables, rights, handlers or hooks.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Claim from these queues, in this order; mail-* is a pattern, !bulk leaves one out.",
            valueName: "a,b"
        )
    )
    var queue: [String] = []
    @Flag(help: "Claim the same number of tasks from each queue that has due tasks.")
    var fair = false
    @Option(help: ArgumentHelp("Perform only tasks with these names.", valueName: "name,…"))
    var only: [String] = []
    @Option(
        help: ArgumentHelp(
            "The handler slots of this host, shared by all its live runs (default: number of cores)",
            valueName: "n"
        )
    )
    var concurrency: String?
    @Option(help: ArgumentHelp("Claim at most this many tasks.", valueName: "n"))
    var limit: Int?
    @Option(help: ArgumentHelp("How long to claim new tasks, like 50s or 10m (default: 50s)", valueName: "duration"))
    var window: String?
    @Option(
        help: ArgumentHelp(
            "While a task waits for its next attempt, others with its lock key wait (strict) or may begin (loose) "
                + "(default: strict)",
            valueName: "order"
        )
    )
    var lockOrder: String?
    @Flag(help: "Continue until nothing is due, however long that takes.")
    var drain = false
    @Flag(help: "Stay when nothing is due, and begin added tasks at once, until the next run takes over.")
    var linger = false
    @Flag(help: "End with exit status 1 if a task became FAILED.")
    var failOnFailed = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        for (option, list) in [("--queue", queue), ("--only", only)] {
            // A variable of a script that is empty must not mean all of them, or none.
            if Self.words(list).contains(where: { $0.isEmpty || $0 == "!" }) {
                throw ValidationError(
                    "\(option) is \"\(list.joined(separator: ","))\", which has an empty name. For all, leave it out."
                )
            }
        }
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit): expected 1 or more.") }
        if drain, window != nil { throw ValidationError("--drain has no window: leave out --window.") }
        let groups = QueueFilter.groups(Self.words(queue))
        if fair, groups.count > 1 {
            throw ValidationError(
                "--fair claims equally from all queues, and --queue A,B in this order: use one, or --queue PATTERN."
            )
        }
        if drain, linger { throw ValidationError("--drain ends when nothing is due, --linger stays: choose one.") }
    }

    func run(in program: Program) async throws -> ExitStatus {
        let flags = [
            SettingTable.concurrency.key: concurrency, SettingTable.window.key: window,
            SettingTable.lockOrder.key: lockOrder,
        ]
        let settings = try program.settings(options, flags: flags.compactMapValues(\.self))
        let ping = RunPing(program, settings)
        await ping?.begin()
        do {
            let (status, report) = try await program.withStore(
                settings,
                synchronous: settings.sqliteSynchronous,
                isRun: true
            ) { store in
                try await perform(in: program, settings, store, ping)
            }
            await ping?.end(status, report.json(waiting: nil))
            return status
        } catch {
            let meaning = program.programError(error)
            await ping?.end(meaning.status, Self.answer(to: meaning))
            throw error
        }
    }

    private func perform(
        in program: Program,
        _ settings: Settings,
        _ store: any TaskDatabase,
        _ ping: RunPing?
    ) async throws -> (ExitStatus, RunReport) {
        let round = try OnceRound(program, settings, store)
        var run = settings.runSettings(round.handlers.registry)
        run.limit = limit
        if drain { run.window = nil }
        if linger, settings.isWindowDefault { run.window = Self.lingerWindow }
        run.queues = QueueFilter.groups(Self.words(queue))
        run.isFair = fair
        if !only.isEmpty { run.only = try round.known(Self.words(only)) }
        // A caller that asked for JSON gets it also of a run that could not begin: see answer(to:).
        var report = try await round.perform(
            run,
            turn: linger ? try round.turn(run) : nil,
            isSilent: options.isJSON,
            failOnFailed: failOnFailed
        )
        if options.isJSON {
            let waiting = await round.waiting(&report)
            try program.output.write(report.json(waiting: waiting).line)
        }
        let status = round.status(report, failOnFailed: failOnFailed)
        // Handlers that ignore their cancellation still work: only the end of the process ends them.
        if report.abandoned > 0 {
            await ping?.end(status, report.json(waiting: nil))
            status.leave()
        }
        return (status, report)
    }

    /// The window of a run that stays, if none is set: two starts by cron in a row may fail.
    static let lingerWindow: Duration = .seconds(180)

    /// The names in lists.
    ///
    /// Empty ones are kept, so that they can be refused.
    private static func words(_ list: [String]) -> [String] {
        list.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map(\.trimmed)
    }

    /// A run that did not begin ends with the same object as any other.
    func answer(to error: ProgramError) -> JSONValue { Self.answer(to: error) }

    static func answer(to error: ProgramError) -> JSONValue { RunReport().json(waiting: nil, trouble: error.text) }
}
