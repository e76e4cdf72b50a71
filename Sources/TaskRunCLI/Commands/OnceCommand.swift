import ArgumentParser
import Handlers
import TaskRun
import Text

/// `taskrun once`: one run.
struct OnceCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "once",
        abstract: "Performs what is due, and ends.",
        discussion: """
            Takes over what dead runs left behind, claims due tasks, hands each to the handler of its name, and deletes \
            its row when the handler succeeds; until nothing is due, or the window is over and the running handlers \
            have ended. Meant for cron, each minute: without a terminal it is silent unless something needs a person.

              * * * * *  cd /srv/app && /usr/local/bin/taskrun once
              taskrun once --only IMAGE_RESIZE --concurrency 4
              taskrun once --drain --json
              taskrun once --queue high,default,low
              taskrun once --queue 'mail-*,!mail-bulk'

            With --queue it takes from the first queue as long as that has something due, then from the second, and so on. A \
            * stands for any characters; what begins with ! is left out. Queues of one pattern are emptied together. With --fair \
            each queue that has something due gets as much as any other, whatever its tasks' priorities and however many there are.

            With --linger it stays when nothing is due, and begins a new task as soon as its INSERT commits, until the next \
            run with --linger takes over; without one for 3 minutes, or for --window if that is given. On PostgreSQL see \
            also: taskrun migrate --notify

              * * * * *  cd /srv/app && /usr/local/bin/taskrun once --linger

            With --json: one object with claimed, succeeded, retried, failed, released, recovered, lease_lost, waiting \
            (WAITING tasks left, due or not; null if they could not be counted), skipped (not performed because a hook \
            said so), cancelled, gave_way (gone, because an equal task waits), expired (FAILED, not begun in time), seconds, \
            stuck if the database did not let the ends of so many tasks be written, and trouble if something kept the run \
            from going on.

            Programs in the hooks folder are told what happens: run-start, before-perform (which can skip or postpone a \
            task), after-perform, on-failure, on-failed, queue-empty and run-end; and after-add by taskrun add.

            Exit codes: 0 done, also when tasks were put back for another attempt; 1 a task became FAILED (with \
            --fail-on-failed); 65 the database does not let the end of a task be written; 69 database unreachable; \
            75 database locked, full or read-only; 78 settings, schema or handlers.
            """
    )

    @Option(
        help: ArgumentHelp("Empty these queues, in this order: names, mail-*, !bulk for all but it.", valueName: "a,b")
    )
    var queue: [String] = []
    @Flag(help: "Take as much from each queue that has something due as from any other.")
    var fair = false
    @Option(help: ArgumentHelp("Perform these task names only.", valueName: "name,…"))
    var only: [String] = []
    @Option(
        help: ArgumentHelp(
            "Handlers at once, over all live runs of this host (default: number of cores)",
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
            "Whether a task that waits for its next attempt keeps others of its lock key waiting: strict or loose "
                + "(default: strict)",
            valueName: "order"
        )
    )
    var lockOrder: String?
    @Flag(help: "Go on until nothing is due, however long that takes.")
    var drain = false
    @Flag(help: "Stay when nothing is due, and begin what is added at once, until the next run takes over.")
    var linger = false
    @Flag(help: "End with exit code 1 if a task became FAILED.")
    var failOnFailed = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        for (option, list) in [("--queue", queue), ("--only", only)] {
            // A variable of a script that is empty must not mean all of them, or none.
            if Self.words(list).contains(where: { $0.isEmpty || $0 == "!" }) {
                throw ValidationError(
                    "\(option) is \"\(list.joined(separator: ","))\", in which a name is missing. Leave it out for all of them."
                )
            }
        }
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit): expected 1 or more.") }
        if drain, window != nil { throw ValidationError("--drain has no window: leave out --window.") }
        let groups = QueueFilter.groups(Self.words(queue))
        if fair, groups.count > 1 {
            throw ValidationError(
                "--fair takes from all queues alike, --queue with several in their order: choose one, or a pattern."
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
        return try await program.withStore(settings, synchronous: settings.sqliteSynchronous, isRun: true) { store in
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
                isSilent: options.isJSON
            )
            if options.isJSON {
                let waiting = await round.waiting(&report)
                try program.output.write(report.json(waiting: waiting).line)
            }
            let status = round.status(report, failOnFailed: failOnFailed)
            // Handlers that do not listen are still at work: only the end of the process ends them.
            if report.abandoned > 0 { status.leave() }
            return status
        }
    }

    /// How long a run that stays claims where no window is set: a next run each minute may be missed twice.
    private static let lingerWindow: Duration = .seconds(180)

    /// The names in lists; an empty one stays, and is refused.
    private static func words(_ list: [String]) -> [String] {
        list.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map(\.trimmed)
    }

    /// A run that did not begin ends with the same object as any other.
    func answer(to error: ProgramError) -> JSONValue { Self.answer(to: error) }

    static func answer(to error: ProgramError) -> JSONValue { RunReport().json(waiting: nil, trouble: error.text) }
}
