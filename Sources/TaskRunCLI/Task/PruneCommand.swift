import ArgumentParser
import TaskRun

/// `taskrun prune`: removes old FAILED tasks and old results.
struct PruneCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove old FAILED tasks, old results and old lines of the history.",
        discussion: """
              taskrun prune --dry-run
              taskrun prune

            FAILED tasks are kept for 30 days after they failed (setting keep_failed, also for one task name). Results \
            are kept for 24 hours (setting keep_result). Runs remove older ones too: of 16 runs that perform \
            something, about one removes up to 1,000 old FAILED tasks. This command removes all old FAILED tasks, \
            1,000 in one transaction. Lines of the history are kept for 7 days (setting history), failed attempts as \
            long as FAILED tasks. It never removes WAITING and PROCESSING tasks. If a row does not say when the task \
            failed, its age is counted from the upgrade of the tables to version 11.

            --dry-run only counts the FAILED tasks, up to \(CountText.write(counted)). With --json, one object: failed, \
            results and history, how many were removed. With --json --dry-run, each line is an object: queue, \
            task_name, status, tasks.
            """
    )

    /// The most tasks that `--dry-run` counts.
    private static let counted = 100_000
    /// The most rows of one transaction: no lock is held for long.
    private static let most = 1_000

    @Flag(help: "Only say which FAILED tasks these are, and change nothing.")
    var dryRun = false
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let keep = settings.failedRetention
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            if dryRun {
                var selected = SelectedTasks()
                for task in try await store.oldFailed(keep, limit: Self.counted) { selected.add(task) }
                return try selected.tell("remove", in: program, isJSON: options.isJSON)
            }
            let count = DoneCount("Removing", on: program.screen)
            defer { count.end() }
            let failed = try await Self.repeated(count) { () throws(StoreError) in
                try await store.removeOldFailed(keep, limit: Self.most)
            }
            let results = try await Self.repeated(count) { () throws(StoreError) in
                try await store.prune(limit: Self.most, now: nil)
            }
            let lines = try await Self.repeated(count) { () throws(StoreError) in
                try await store.removeOldHistory(failed: keep, limit: Self.most)
            }
            if options.isJSON {
                let answer: JSONValue = [
                    "failed": .number(failed), "results": .number(results), "history": .number(lines),
                ]
                try program.output.write(answer.line)
            } else {
                let what = "\(CountText.tasks(failed)) that failed long ago, \(CountText.write(results))"
                let rest = "result\(results == 1 ? "" : "s") and \(CountText.write(lines)) line\(lines == 1 ? "" : "s")"
                try program.output.write("Removed \(what) \(rest) of the history.")
            }
            return .done
        }
    }

    /// Removes parts until one is not full, and returns the sum.
    private static func repeated(
        _ count: DoneCount,
        _ remove: () async throws(StoreError) -> Int
    ) async throws(StoreError) -> Int {
        var sum = 0
        while true {
            let part = try await remove()
            count.add(part)
            sum += part
            guard part == most else { return sum }
        }
    }
}

extension Settings {
    /// How long FAILED tasks are kept, by name.
    var failedRetention: ResultRetention { ResultRetention(keepFailed, names: tasks.compactMapValues(\.keepFailed)) }
}
