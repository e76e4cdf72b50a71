import ArgumentParser
import TaskRun

/// `taskrun cancel`: takes tasks back.
struct CancelCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Takes tasks back: WAITING ones at once, those being performed within about two seconds.",
        discussion: """
              taskrun cancel 12 15
              taskrun cancel 6f0e1d2c3b4a59687786a5b4c3d2e1f0

            A WAITING task goes, and if it has a token its result says CANCELLED. One that is being performed is asked \
            to end: a Swift handler is cancelled, a program gets SIGTERM and later SIGKILL, as when its time is up. A \
            handler that succeeds all the same is settled as it ended. An argument of digits only is a number of a \
            task; with --token all are tokens.

            Ends with exit code 1 if there was nothing to cancel for one of them. With --json each line is an object: \
            task (as it was given), outcome (cancelled, asked, failed, ended, unknown, refused), and where it has ended: state.
            """
    )

    @Argument(help: ArgumentHelp("Numbers or tokens of tasks.", valueName: "id-or-token"))
    var tasks: [String]
    @Flag(help: "All are tokens, also those that look like numbers.")
    var token = false
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let targets = tasks.map(target)
        // Those of the handlers folder have none of their own.
        let registry = try HandlerRegistry(program.builtIn.make(settings.mailSettings()))
        let asked = try await program.withStore(settings) { store in
            try await store.requireSchema()
            let retention = settings.runSettings(registry).retention(registry)
            return try await Halves(
                targets,
                "cancel",
                in: store.location,
                name: Self.name,
                instead: .refused,
                count: DoneCount("Cancelling", of: targets.count, on: program.screen)
            ) { targets throws(StoreError) in try await store.cancel(targets, retention: retention) }
        }
        let outcomes = asked.done
        try program.output.write(
            zip(tasks, outcomes).map { options.isJSON ? Self.json($0, $1) : "\($0.visible()) \(Self.words($1))" }
        )
        if let status = asked.tell(in: program, isJSON: options.isJSON) { return status }
        return outcomes.allSatisfy { $0 == .cancelled || $0 == .asked } ? .done : .incomplete
    }

    private func target(_ task: String) -> CancelTarget {
        // By itself Int64 reads a sign too.
        guard !token, task.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains), let id = Int64(task)
        else {
            return .token(task)
        }
        return .id(id)
    }

    private static func name(_ target: CancelTarget) -> String {
        switch target {
        case .id(let id): "\(id)"
        case .token(let token): "with token \(token.visible())"
        }
    }

    private static func words(_ outcome: CancelOutcome) -> String {
        switch outcome {
        case .cancelled: "is cancelled"
        case .asked: "is being performed: its run is asked to end it"
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
        if case .ended(let state) = outcome { members.append(("state", .text(state.rawValue))) }
        return JSONValue.object(members).line
    }
}
