import Logging
import Synchronization

/// What handlers say while they work: the last progress of each task that is not yet in the table, the tasks that are to follow,
/// and what is to be logged.
///
/// A handler says it and goes on; the run takes it off at most once a second, and at the task's end. A class because
/// handlers and run share it: one for all tasks of a run.
final class HandlerTalk: Sendable {
    private struct State {
        var notes: [ClaimProof: ProgressNote] = [:]
        /// Those that were told that their values make no sense.
        var warned: Set<ClaimProof> = []
        /// What the handlers of a name may log.
        var budgets: [String: LogBudget] = [:]
        /// What is to be added when the task has succeeded.
        var followUps: [ClaimProof: [NewTask]] = [:]
    }

    /// What is left of a task's talk when it ends.
    struct Rest {
        var progress: ProgressNote?
        var followUps: [NewTask]
    }

    private let logger: Logger
    private let state = Mutex(State())
    private let hears: @Sendable (ClaimedTask, ProgressNote) -> Void
    private let wakes: @Sendable () -> Void

    /// Creates an empty one.
    ///
    /// - Parameters:
    ///   - logger: For the handlers.
    ///   - wakes: Is called when something is there to be written and nothing was.
    ///   - hears: Is told each progress.
    init(
        logger: Logger,
        wakes: @escaping @Sendable () -> Void = {},
        hears: @escaping @Sendable (ClaimedTask, ProgressNote) -> Void
    ) {
        (self.logger, self.wakes, self.hears) = (logger, wakes, hears)
    }

    /// The log for a handler of a name: bounded, so that one that logs without end fills neither disk nor mailbox.
    func logger(for name: String) -> Logger {
        let budget = state.withLock { state in
            if let known = state.budgets[name] { return known }
            let new = LogBudget()
            state.budgets[name] = new
            return new
        }
        return Logger(label: logger.label) { _ in HandlerLog(base: logger.handler, budget: budget) }
    }

    /// Takes a task's progress.
    func note(_ note: ProgressNote, of task: ClaimedTask) {
        let isFirst = state.withLock { state in
            let isFirst = state.notes.isEmpty
            state.notes[task.proof] = note
            return isFirst
        }
        if isFirst { wakes() }
        hears(task, note)
    }

    /// Says that a task's progress makes no sense: once.
    func warn(_ task: ClaimedTask) {
        guard state.withLock({ $0.warned.insert(task.proof).inserted }) else { return }
        logger.warning("task \(task.id) \(task.name): progress that makes no sense is ignored")
    }

    /// Takes tasks that are to follow.
    ///
    /// - Returns: Whether they were taken: all of them or none.
    func add(_ tasks: [NewTask], after task: ClaimedTask) -> Bool {
        state.withLock { state in
            let count = state.followUps[task.proof]?.count ?? 0
            guard count + tasks.count <= NewTask.mostFollowUps else { return false }
            state.followUps[task.proof, default: []] += tasks
            return true
        }
    }

    /// The tasks that are to follow on this one.
    func followUps(of task: ClaimedTask) -> [NewTask] { state.withLock { $0.followUps[task.proof] ?? [] } }

    /// Puts back what could not be written, unless there is something newer.
    func putBack(_ notes: [ClaimProof: ProgressNote]) {
        state.withLock { $0.notes.merge(notes) { newer, _ in newer } }
    }

    /// Whether everything is in the table.
    var isEmpty: Bool { state.withLock { $0.notes.isEmpty } }

    /// Takes all.
    func take() -> [ClaimProof: ProgressNote] {
        state.withLock { state in
            defer { state.notes = [:] }
            return state.notes
        }
    }

    /// Takes what is left of tasks that have ended; of most there is nothing.
    func take(_ ended: [ClaimProof]) -> [ClaimProof: Rest] {
        state.withLock { state in
            guard !state.notes.isEmpty || !state.warned.isEmpty || !state.followUps.isEmpty else { return [:] }
            state.warned.subtract(ended)
            var rests: [ClaimProof: Rest] = [:]
            for proof in ended {
                let (note, tasks) = (state.notes.removeValue(forKey: proof), state.followUps.removeValue(forKey: proof))
                if note != nil || tasks != nil { rests[proof] = Rest(progress: note, followUps: tasks ?? []) }
            }
            return rests
        }
    }
}
