import ArgumentParser
import TaskRun
import Text

/// `taskrun wait`: waits until tasks with tokens have ended.
struct WaitCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until tasks with tokens have ended, and write the result.",
        discussion: """
              taskrun wait $T --timeout 30s
              taskrun wait $A $B $C

            For one token, the result is written as by "result". For several tokens, each line says how one task \
            ended. wait does not perform the tasks: a run must do that. On a terminal it shows the progress of the \
            task. With --json, each line is an object, as for "result".

            Exit status: \(ResultCommand.exitCodes). For several tokens, the first of 75, 66, 1 and 2 that is true of \
            one of them.
            """
    )

    @Argument(help: "Tokens.")
    var tokens: [String]
    @Option(
        help: ArgumentHelp(
            "Wait at most this long, like 30s (default: until they have ended)",
            valueName: "duration"
        )
    )
    var timeout: String?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        if let timeout, DurationText.parse(timeout) == nil {
            throw ValidationError("--timeout is \"\(timeout)\": expected \(DurationText.expected).")
        }
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let end = timeout.flatMap(DurationText.parse).map { ContinuousClock.now + $0 }
        let stop = StopSignal()
        let states = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return try await StopSignals.listen(stop, beside: {}) {
                try await TokenWatch(store: store, screen: program.screen).wait(for: tokens, until: end, stop: stop)
            }
        }
        let answer = TokenAnswer(program: program, isJSON: options.isJSON)
        if states.count == 1, let only = states.first { return try answer.tell(only.state, of: only.token) }
        return try answer.tell(states)
    }
}
