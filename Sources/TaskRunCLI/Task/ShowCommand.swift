import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun show`: everything about one task.
struct ShowCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything about one task, including its payload, its last error and why it is not running.",
        discussion: """
              taskrun show 12
              taskrun show 12 --json | jq .data

            The line "why" has the sentence of "taskrun why". With --json, the key why has this sentence, and the key \
            reason has a word for it; both are null if the database does not let them be read. The payload is \
            written byte for byte; on a terminal, without control characters. The exit status is 1 if there is no such \
            task.
            """
    )

    @Argument(help: "The task's number.")
    var id: Int64
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let (row, said, location) = try await program.withStore(settings) { store in
            try await store.requireSchema()
            let row = try await store.show(id)
            guard let row else { return (TaskRow?.none, Why.Said?.none, store.location) }
            return (row, try await reason(in: store, program, settings), store.location)
        }
        guard let row else {
            let advice = "Its handler may have succeeded: the row is deleted then."
            throw ProgramError(.incomplete, "there is no task \(id) in \(location)", advice: advice)
        }
        let output = program.output
        try output.write(
            options.isJSON
                ? [row.json.adding(said).line]
                : row.lines(why: said?.sentence, now: Date(), on: output.terminal)
        )
        return .done
    }

    /// Why the task is not running, or nil if this role may not read all that it depends on.
    private func reason(
        in store: any TaskDatabase,
        _ program: Program,
        _ settings: Settings
    ) async throws(StoreError) -> Why.Said? {
        do throws(StoreError) {
            let facts = try await store.factsWithRuns(.id(id))
            return Why(facts, in: program, with: settings, on: program.hostView(settings)).said[id]
        } catch {
            guard error.code == .database else { throw error }
            return nil
        }
    }
}
