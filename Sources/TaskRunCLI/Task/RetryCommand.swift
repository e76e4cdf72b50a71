import ArgumentParser
import Synchronization
import TaskRun

/// `taskrun retry`: makes FAILED tasks WAITING again.
struct RetryCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Make FAILED tasks WAITING again, due at once, with attempts counted from 0.",
        discussion: """
              taskrun retry 12 15
              taskrun retry --name CONTACT_EMAIL
              taskrun retry --all-failed
              taskrun retry --queue mail --older 1d --dry-run
              taskrun retry 12 --now

            With options, all FAILED tasks that fulfil every one of them are retried, at most 10,000 in one \
            transaction. --dry-run only counts them, by queue and name.

            retry removes an expires_at that lies in the past. A task stays FAILED if a newer task with the same name \
            and dedupe_key waits; an older one that waits is deleted. A PROCESSING task of a dead run of this machine \
            also becomes WAITING; its attempts stay counted. With --now, a task that is WAITING for its next attempt \
            or its run_at becomes due at once; its attempts stay counted. A task that waits for a batch goes on \
            waiting for it.

            The exit status is 1 if one of the tasks does not exist or was not changed, and 65 if the database \
            refused to change one. With --json, each line is an object: id, retried and, if it was not retried, status \
            (null if there is no such task); with --now also after_batch, if the task waits for a batch.
            """
    )

    @Argument(help: "Numbers of FAILED tasks.")
    var ids: [Int64] = []
    @OptionGroup var selection: TaskSelection
    @Flag(help: "All FAILED tasks.")
    var allFailed = false
    @Flag(help: "With numbers: also make tasks due at once that wait for a later moment.")
    var now = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        let ways = (ids.isEmpty ? 0 : 1) + (selection.isGiven ? 1 : 0) + (allFailed ? 1 : 0)
        guard ways == 1 else {
            let options = "--all-failed, or one or more of --name, --queue, --batch and --older"
            throw ValidationError("Choose one: task numbers, \(options).")
        }
        if selection.dryRun, !ids.isEmpty { throw ValidationError("--dry-run is not for numbers of tasks.") }
        if now, ids.isEmpty { throw ValidationError("--now is for numbers of tasks.") }
    }

    private func waiting(_ ids: [Int64], in store: any TaskDatabase) async throws(StoreError) -> [Int64] {
        var waiting: [Int64] = []
        for id in ids {
            if try await store.show(id)?.status == .waiting { waiting.append(id) }
        }
        return waiting
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            let selected = selection.isBeyondName ? try await selection.tasks(.failed, in: store) : nil
            if let selected, selection.dryRun {
                return try selected.tell("retry", in: program, isJSON: options.isJSON)
            }
            let sent = try await send(selected?.ids, store, on: program.screen)
            var done = sent.done
            let hands = DeadRuns(program: program, settings: settings, store: store)
            let released = try await hands.release(Self.others(ids, than: done))
            // A task that has now killed as many runs as it may is FAILED.
            if !released.isEmpty {
                _ = try await store.retry(.ids(released))
                done += try await waiting(released, in: store)
            }
            let hastened = now ? try await store.hasten(Self.others(ids, than: done)) : []
            let outcome = try await TasksChanged(
                asked: ids,
                done: done + hastened,
                hastened: now ? hastened : nil,
                store: store
            )
            if options.isJSON {
                try program.output.write(outcome.json(key: "retried"))
            } else if let selected {
                let record = selection.record(
                    "Retried",
                    done.count,
                    of: selected,
                    status: nil,
                    by: program.person
                )
                try program.output.write(record)
            } else if ids.isEmpty {
                let name = selection.name
                let left = try await store.list(TaskFilter(status: .failed, name: name, limit: 1))
                let sum = outcome.sum("made WAITING again")
                try program.output.write(
                    !left.isEmpty && sent.refusals.isEmpty
                        ? "\(sum) Others stay FAILED: equal tasks wait. See: \(program.name) list --status FAILED"
                        : done.isEmpty ? "No FAILED tasks." : sum
                )
            } else {
                try program.output.write(
                    outcome.lines(
                        done: "is WAITING again",
                        otherwise: (Set(hastened), "is due now"),
                        undone: now ? "due, or a run holds it, so left as it is" : "not FAILED, so left as it is",
                        failed: "an equal task waits already, so left as it is",
                        refused: sent.refused
                    )
                )
            }
            return sent.tell(in: program, isJSON: options.isJSON) ?? outcome.status
        }
    }

    private static func others(_ ids: [Int64], than done: [Int64]) -> [Int64] {
        let done = Set(done)
        return ids.filter { !done.contains($0) }
    }

    /// Makes the FAILED tasks WAITING again.
    ///
    /// If the database refuses one of all, each is then retried by its number.
    private func send(
        _ selected: [Int64]?,
        _ store: any TaskDatabase,
        on screen: Screen
    ) async throws(StoreError) -> Halves<Int64> {
        var (numbers, before) = (selected ?? ids, [Int64]())
        if numbers.isEmpty, selected == nil {
            let all = try await sendAll(selection.name.map { .name($0) } ?? .all, store, on: screen)
            guard !all.isWhole else { return Halves(done: all.done) }
            before = all.done
            numbers = try await selection.tasks(.failed, in: store).ids
        }
        let count = DoneCount("Retrying", of: numbers.count, on: screen)
        return try await Halves(numbers, "retry", in: store.location, count: count) { ids throws(StoreError) in
            try await store.retry(.ids(ids))
        }.behind(before)
    }

    /// The retried tasks, and whether these are all; if not, the database refuses one of the others.
    private func sendAll(
        _ selection: FailedSelection,
        _ store: any TaskDatabase,
        on screen: Screen
    ) async throws(StoreError) -> (done: [Int64], isWhole: Bool) {
        let count = DoneCount("Retrying", on: screen)
        defer { count.end() }
        let sent = Mutex<[Int64]>([])
        do throws(StoreError) {
            let done = try await store.retry(selection) { part in
                sent.withLock { $0 += part }
                count.add(part.count)
            }
            return (done, true)
        } catch {
            guard error.code == .refused else { throw error }
            return (sent.withLock { $0 }, false)
        }
    }
}
