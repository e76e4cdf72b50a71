import Logging
import Synchronization

/// What handlers report while they work: progress that is not yet in the table, follow-ups, and lines to log.
///
/// A handler reports and goes on; the run collects the reports at most once a second, and at the end of a task. A class
/// because the handlers and the run share it: one for all tasks of a run.
final class HandlerMessages: Sendable {
    private struct State {
        var notes: [ClaimProof: ProgressNote] = [:]
        /// The tasks that were warned because their progress makes no sense.
        var warned: Set<ClaimProof> = []
        /// The log budget of each task name.
        var budgets: [String: LogBudget] = [:]
        /// The tasks to add when a task has succeeded.
        var followUps: [ClaimProof: [NewTask]] = [:]
        /// How the programs of tasks ended.
        var programs: [ClaimProof: ProgramFacts] = [:]
    }

    /// The reports of a task that are left when it ends.
    struct Rest {
        var progress: ProgressNote?
        var followUps: [NewTask]
        var program: ProgramFacts?
    }

    private let logger: Logger
    private let state = Mutex(State())
    private let hears: @Sendable (ClaimedTask, ProgressNote) -> Void
    private let wakes: @Sendable () -> Void

    /// Creates one without reports.
    ///
    /// - Parameters:
    ///   - logger: For the handlers.
    ///   - wakes: Called when there is progress to write and there was none before.
    ///   - hears: Receives each progress.
    init(
        logger: Logger,
        wakes: @escaping @Sendable () -> Void = {},
        hears: @escaping @Sendable (ClaimedTask, ProgressNote) -> Void
    ) {
        (self.logger, self.wakes, self.hears) = (logger, wakes, hears)
    }

    /// The log for a handler of a name.
    ///
    /// It is limited, so that a handler that logs without end fills neither disk nor mailbox.
    func logger(for name: String) -> Logger {
        let budget = state.withLock { state in
            if let known = state.budgets[name] { return known }
            let new = LogBudget()
            state.budgets[name] = new
            return new
        }
        return Logger(label: logger.label) { _ in HandlerLog(base: logger.handler, budget: budget) }
    }

    /// Notes a task's progress.
    func note(_ note: ProgressNote, of task: ClaimedTask) {
        let isFirst = state.withLock { state in
            let isFirst = state.notes.isEmpty
            state.notes[task.proof] = note
            return isFirst
        }
        if isFirst { wakes() }
        hears(task, note)
    }

    /// Warns, once per task, that its progress makes no sense.
    func warn(_ task: ClaimedTask) {
        guard state.withLock({ $0.warned.insert(task.proof).inserted }) else { return }
        logger.warning("task \(task.id) \(task.name): progress that makes no sense is ignored")
    }

    /// Notes follow-ups.
    ///
    /// - Returns: Whether they were accepted: all of them or none.
    func add(_ tasks: [NewTask], after task: ClaimedTask) -> Bool {
        state.withLock { state in
            let count = state.followUps[task.proof]?.count ?? 0
            guard count + tasks.count <= NewTask.mostFollowUps else { return false }
            state.followUps[task.proof, default: []] += tasks
            return true
        }
    }

    /// The follow-ups of this task.
    func followUps(of task: ClaimedTask) -> [NewTask] { state.withLock { $0.followUps[task.proof] ?? [] } }

    /// Notes how the program of a task ended.
    func note(_ program: ProgramFacts, of task: ClaimedTask) { state.withLock { $0.programs[task.proof] = program } }

    /// Restores progress that could not be written, unless there is newer progress.
    func putBack(_ notes: [ClaimProof: ProgressNote]) {
        state.withLock { $0.notes.merge(notes) { newer, _ in newer } }
    }

    /// Whether everything is in the table.
    var isEmpty: Bool { state.withLock { $0.notes.isEmpty } }

    /// Returns all progress and forgets it.
    func take() -> [ClaimProof: ProgressNote] {
        state.withLock { state in
            defer { state.notes = [:] }
            return state.notes
        }
    }

    /// Returns and forgets what is left of tasks that have ended; most have nothing left.
    func take(_ ended: [ClaimProof]) -> [ClaimProof: Rest] {
        state.withLock { state in
            let isNothing = state.notes.isEmpty && state.warned.isEmpty && state.followUps.isEmpty
            guard !isNothing || !state.programs.isEmpty else { return [:] }
            state.warned.subtract(ended)
            var rests: [ClaimProof: Rest] = [:]
            for proof in ended {
                let (note, tasks) = (state.notes.removeValue(forKey: proof), state.followUps.removeValue(forKey: proof))
                let program = state.programs.removeValue(forKey: proof)
                guard note != nil || tasks != nil || program != nil else { continue }
                rests[proof] = Rest(progress: note, followUps: tasks ?? [], program: program)
            }
            return rests
        }
    }
}
