import ArgumentParser
import Synchronization
import TaskRun

/// `taskrun retry`: FAILED back to WAITING.
struct RetryCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Sends FAILED tasks back to WAITING, due at once, their attempts counted anew.",
        discussion: """
              taskrun retry 12 15
              taskrun retry --name CONTACT_EMAIL
              taskrun retry --all-failed
              taskrun retry 12 --now

            A task that is PROCESSING for a run of this machine that is dead is taken back as well, its attempts as they were. \
            A task whose equal waits, of the same name and dedupe_key, stays FAILED. An expires_at that has passed is \
            taken away. With --now a task that is WAITING for later, for its next attempt or for its run_at, is due at once; \
            its attempts stay counted. One that waits for a batch goes on waiting for that.

            Ends with exit code 1 if one of the numbers was not such a task, or stays as it is. With --json each line is an object: id, \
            retried, and where it was not: status, null for a number that does not exist; with --now also after_batch, \
            where it waits for a batch.
            """
    )

    @Argument(help: "Numbers of FAILED tasks.")
    var ids: [Int64] = []
    @Option(help: "All FAILED tasks of this name.")
    var name: String?
    @Flag(help: "All FAILED tasks.")
    var allFailed = false
    @Flag(help: "With numbers: also tasks that are WAITING for later, which are due at once then.")
    var now = false
    @OptionGroup var options: SharedOptions

    func validate() throws {
        let ways = (ids.isEmpty ? 0 : 1) + (name == nil ? 0 : 1) + (allFailed ? 1 : 0)
        guard ways == 1 else { throw ValidationError("Say which: numbers, --name or --all-failed, one of the three.") }
        try ArgumentWord.refuseEmpty([("--name", name)])
        if now, ids.isEmpty { throw ValidationError("--now is for numbers of tasks.") }
    }

    private func waiting(_ ids: [Int64], in store: any TaskDesk) async throws(StoreError) -> [Int64] {
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
            let selection = name.map { FailedSelection.name($0) } ?? (allFailed ? .all : .ids(ids))
            let sent = try await send(selection, store, on: program.screen)
            var done = sent.done
            let hands = DeadHands(program: program, settings: settings, store: store)
            let released = try await hands.release(Self.others(ids, than: done))
            // Where its run was the last that it may kill, it is FAILED.
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
            } else if ids.isEmpty {
                let left = try await store.list(TaskFilter(status: .failed, name: name, limit: 1))
                let sum = outcome.sum("sent back to WAITING")
                try program.output.write(
                    !left.isEmpty && sent.refusals.isEmpty
                        ? "\(sum) Others stay FAILED, because equal tasks wait: see \(program.name) list --status FAILED"
                        : done.isEmpty ? "No FAILED tasks." : sum
                )
            } else {
                try program.output.write(
                    outcome.lines(
                        done: "is WAITING again",
                        otherwise: (Set(hastened), "is due now"),
                        undone: now ? "due already, or in hand, so left as it is" : "not FAILED, so left as it is",
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

    /// Sends back what can be sent back; where the database refuses a row of all, each is named by its number.
    private func send(
        _ selection: FailedSelection,
        _ store: any TaskDesk,
        on screen: Screen
    ) async throws(StoreError) -> Halves<Int64> {
        var (numbers, before) = (ids, [Int64]())
        if ids.isEmpty {
            let all = try await sendAll(selection, store, on: screen)
            guard !all.isWhole else { return Halves(done: all.done) }
            before = all.done
            numbers = try await store.list(TaskFilter(status: .failed, name: name, limit: Int(Int32.max))).map(\.id)
        }
        let count = DoneCount("Retrying", of: numbers.count, on: screen)
        return try await Halves(numbers, "send back", in: store.location, count: count) { ids throws(StoreError) in
            try await store.retry(.ids(ids))
        }.behind(before)
    }

    /// Those sent back, and whether these are all; else the database refuses one of the others.
    private func sendAll(
        _ selection: FailedSelection,
        _ store: any TaskDesk,
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
