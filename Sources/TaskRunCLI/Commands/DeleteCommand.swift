import ArgumentParser
import TaskRun

/// `taskrun delete`: removes rows.
struct DeleteCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Removes tasks that are not PROCESSING.",
        discussion: """
              taskrun delete 12 15

            What is PROCESSING is in a run's hand and stays, unless that run was on this machine and is dead. Ends with exit code 1 if one of the numbers was not \
            removed. With --json each line is an object: id, deleted, and where it was not: status, null for a number \
            that does not exist.
            """
    )

    @Argument(help: "Numbers of tasks.")
    var ids: [Int64]
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            let count = DoneCount("Deleting", of: ids.count, on: program.screen)
            let gone = try await Halves(ids, "delete", in: store.location, count: count) { ids throws(StoreError) in
                try await store.delete(ids)
            }
            var done = gone.done
            let hands = DeadHands(program: program, settings: settings, store: store)
            let released = try await hands.release(ids.filter { [known = Set(done)] in !known.contains($0) })
            if !released.isEmpty { done += try await store.delete(released) }
            let outcome = try await TasksChanged(asked: ids, done: done, store: store)
            if options.isJSON {
                try program.output.write(outcome.json(key: "deleted"))
            } else {
                try program.output.write(
                    outcome.lines(
                        done: "is deleted",
                        undone: "in a run's hand, so left as it is",
                        failed: "the database does not let it go, so left as it is",
                        refused: gone.refused
                    )
                )
            }
            return gone.tell(in: program, isJSON: options.isJSON) ?? outcome.status
        }
    }
}
