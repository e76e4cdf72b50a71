import ArgumentParser
import TaskRun

/// `taskrun result`: what became of a task with a token.
struct ResultCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Write the result of a task with a token, or say how far it is.",
        discussion: """
              T=$(taskrun add REVERSE '"Hello World!"' --token)
              taskrun result $T
              taskrun result $T --json | jq .status

            Only the result goes to stdout, byte for byte. If there is none, stderr says how far the task is. With \
            --json, stdout is an object: token, id, task_name, status (WAITING, RUNNING, FAILED, COMPLETE, \
            CANCELLED, UNKNOWN), result (result_base64 if it is not UTF-8 text), result_size, error, progress_done, \
            progress_total, progress_note, created_at, run_at, started_at, finished_at, expires_at.

            Exit status: \(ResultCommand.exitCodes).
            """
    )

    /// The exit codes of `result`, `wait` and `add --wait`.
    static let exitCodes =
        "0 COMPLETE; 1 FAILED; 2 CANCELLED; 75 not ended yet; 66 nothing is known of the token"

    @Argument(help: "The token.")
    var token: String
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let state = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return try await store.states(of: [token]).first
        }
        return try TokenAnswer(program: program, isJSON: options.isJSON).tell(state, of: token)
    }
}
