import ArgumentParser
import TaskRun

/// `taskrun cancel`: removes waiting tasks, and asks runs to end the others.
struct CancelCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel tasks: waiting ones immediately, running ones within about two seconds.",
        discussion: """
              taskrun cancel 12 15
              taskrun cancel 6f0e1d2c3b4a59687786a5b4c3d2e1f0
              taskrun cancel --batch import-7 --dry-run
              taskrun cancel --name NEWSLETTER --status WAITING

            With options, all tasks that fulfil every one of them are cancelled, FAILED ones left out, 10,000 in one \
            transaction. --dry-run only counts them, by queue, name and state.

            A waiting task is removed; if it has a token, its result is CANCELLED. A running task is asked to end: a \
            Swift handler is cancelled, a program gets SIGTERM and later SIGKILL, as after its time limit. If the \
            handler still succeeds, the task is settled as succeeded. An argument of digits only is a task number. \
            With --token, all arguments are tokens.

            The exit status is 1 if one of the tasks could not be cancelled, and 65 if the database refused to change \
            one. With --json, each line is an object: task (as given), outcome (cancelled, asked, failed, ended, \
            unknown, refused) and, if it has ended, status.
            """
    )

    @Argument(help: ArgumentHelp("Task numbers or tokens.", valueName: "id-or-token"))
    var tasks: [String] = []
    @OptionGroup var selection: TaskSelection
    @Option(
        help: ArgumentHelp("All tasks in this state: WAITING or PROCESSING.", valueName: "state"),
        transform: { try ArgumentWord.read($0.uppercased()) }
    )
    var status: TaskStatus?
    @Flag(help: "Read all arguments as tokens, even if they look like numbers.")
    var token = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        try selection.check(tasks.isEmpty, alsoGiven: status != nil)
        if status == .failed { throw ValidationError("A FAILED task has nothing to cancel. See: taskrun delete") }
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        // Those of the handlers folder have none of their own.
        let registry = try HandlerRegistry(program.builtIn.make(settings.mailSettings()))
        typealias Asked = (Halves<CancelOutcome>, SelectedTasks?)
        let (asked, selected): Asked = try await program.withStore(settings) { store in
            try await store.requireSchema()
            let selected = tasks.isEmpty ? try await chosen(in: store) : nil
            if selection.dryRun { return (Halves(done: []), selected) }
            let targets =
                selected.map { $0.ids.map { CancelTarget.id($0) } } ?? tasks.map { CancelTarget($0, isToken: token) }
            let retention = settings.runSettings(registry).retention(registry)
            let asked = try await Halves(
                targets,
                "cancel",
                in: store.location,
                name: Self.name,
                instead: .refused,
                count: DoneCount("Cancelling", of: targets.count, on: program.screen)
            ) { targets throws(StoreError) in try await store.cancel(targets, retention: retention) }
            return (asked, selected)
        }
        if let selected, selection.dryRun { return try selected.tell("cancel", in: program, isJSON: options.isJSON) }
        let outcomes = asked.done
        let count = outcomes.count { $0 == .cancelled || $0 == .asked }
        if let selected, !options.isJSON {
            let record = selection.record("Cancelled", count, of: selected, status: status, by: program.person)
            try program.output.write(record)
            return asked.tell(in: program, isJSON: false) ?? .done
        }
        let names = selected.map { $0.ids.map(String.init) } ?? tasks
        try program.output.write(
            zip(names, outcomes).map { options.isJSON ? Self.json($0, $1) : "\($0.visible()) \(Self.words($1))" }
        )
        if let status = asked.tell(in: program, isJSON: options.isJSON) { return status }
        return count == outcomes.count ? .done : .incomplete
    }

    /// The tasks that fulfil the options, without FAILED ones.
    private func chosen(in store: any TaskDatabase) async throws(StoreError) -> SelectedTasks {
        let states: [TaskStatus] = status.map { [$0] } ?? [.waiting, .processing]
        var selected = SelectedTasks()
        for status in states { selected.add(try await selection.tasks(status, in: store)) }
        return selected
    }

    private static func name(_ target: CancelTarget) -> String {
        switch target {
        case .id(let id): "\(id)"
        case .token(let token): "with token \(token.visible())"
        }
    }

    /// What became of a task, after its number.
    static func words(_ outcome: CancelOutcome) -> String {
        switch outcome {
        case .cancelled: "is cancelled"
        case .asked: "is running: its run is asked to end it"
        case .failed: "is FAILED: there is nothing to cancel"
        case .ended(let state): "has ended: \(state.rawValue)"
        case .unknown: "does not exist"
        case .refused: "is left as it is: the database refuses it"
        }
    }

    private static func json(_ task: String, _ outcome: CancelOutcome) -> String {
        let word =
            switch outcome {
            case .cancelled: "cancelled"
            case .asked: "asked"
            case .failed: "failed"
            case .ended: "ended"
            case .unknown: "unknown"
            case .refused: "refused"
            }
        var members: [(key: String, value: JSONValue)] = [("task", .text(task)), ("outcome", .text(word))]
        if case .ended(let state) = outcome { members.append(("status", .text(state.rawValue))) }
        return JSONValue.object(members).line
    }
}

extension CancelTarget {
    /// The task that a word on the command line means: a number, or a token.
    init(_ word: String, isToken: Bool) {
        // By itself Int64 reads a sign too.
        let isNumber = !isToken && word.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        self = isNumber ? Int64(word).map { .id($0) } ?? .token(word) : .token(word)
    }

    /// Whether it is named by its token.
    var isToken: Bool { if case .token = self { true } else { false } }
}
