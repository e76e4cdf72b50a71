import ArgumentParser
import TaskRun

/// `taskrun delete`: removes tasks that no run holds.
struct DeleteCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete tasks that are not PROCESSING.",
        discussion: """
              taskrun delete 12 15
              taskrun delete --status FAILED --older 30d --dry-run
              taskrun delete --name REPORT --queue nightly

            With options, all tasks that fulfil every one of them are deleted, 10,000 in one transaction. --dry-run \
            only counts them, by queue, name and state.

            A PROCESSING task stays, unless its run was on this machine and is dead. The exit status is 1 if one of \
            the tasks was not deleted, and 65 if the database refused to delete one. With --json, each line is an \
            object: id, deleted and, if it was not deleted, status (null if there is no such task).
            """
    )

    @Argument(help: "Task numbers.")
    var ids: [Int64] = []
    @OptionGroup var selection: TaskSelection
    @Option(
        help: ArgumentHelp("All tasks in this state: WAITING or FAILED.", valueName: "state"),
        transform: { try ArgumentWord.read($0.uppercased()) }
    )
    var status: TaskStatus?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        try selection.check(ids.isEmpty, alsoGiven: status != nil)
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            let selected = ids.isEmpty ? try await selection.tasks(status, in: store) : nil
            if let selected, selection.dryRun {
                return try selected.tell("delete", in: program, isJSON: options.isJSON)
            }
            let ids = selected?.ids ?? ids
            let count = DoneCount("Deleting", of: ids.count, on: program.screen)
            let gone = try await Halves(ids, "delete", in: store.location, count: count) { ids throws(StoreError) in
                try await store.delete(ids)
            }
            var done = gone.done
            let hands = DeadRuns(program: program, settings: settings, store: store)
            let released = try await hands.release(ids.filter { [known = Set(done)] in !known.contains($0) })
            if !released.isEmpty { done += try await store.delete(released) }
            let outcome = try await TasksChanged(asked: ids, done: done, store: store)
            if options.isJSON {
                try program.output.write(outcome.json(key: "deleted"))
            } else if let selected {
                let record = selection.record(
                    "Deleted",
                    done.count,
                    of: selected,
                    status: status,
                    by: program.person
                )
                try program.output.write(record)
            } else {
                try program.output.write(
                    outcome.lines(
                        done: "is deleted",
                        undone: "a run holds it, so left as it is",
                        failed: "the database does not let it be deleted, so left as it is",
                        refused: gone.refused
                    )
                )
            }
            return gone.tell(in: program, isJSON: options.isJSON) ?? outcome.status
        }
    }
}
