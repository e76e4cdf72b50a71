import ArgumentParser
import TaskRun

/// `taskrun delete`: removes rows.
struct DeleteCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Removes tasks that are not PROCESSING.",
        discussion: """
              taskrun delete 12 15

            What is PROCESSING is in a run's hand and stays. Ends with exit code 1 if one of the numbers was not removed.
            """
    )

    @Argument(help: "Numbers of tasks.")
    var ids: [Int64]
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            let outcome = try await TasksChanged(asked: ids, done: try await store.delete(ids), store: store)
            if options.isJSON {
                try program.output.write(outcome.json(key: "deleted"))
            } else {
                try program.output.write(outcome.lines(done: "is deleted", undone: "in a run's hand, so left as it is"))
            }
            return outcome.status
        }
    }
}
