import Logging
import Synchronization

/// What handlers say while they work: the last progress of each task that is not yet in the table, and what is to be logged.
///
/// A handler says it and goes on; the run takes it off at most once a second, and at the task's end. A class because
/// handlers and run share it: one for all tasks of a run.
final class HandlerTalk: Sendable {
    private struct State {
        var notes: [ClaimProof: ProgressNote] = [:]
        /// Those that were told that their values make no sense.
        var warned: Set<ClaimProof> = []
    }

    let logger: Logger
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

    /// Takes those of tasks that have ended.
    func take(_ ended: [ClaimProof]) -> [ClaimProof: ProgressNote] {
        state.withLock { state in
            guard !state.notes.isEmpty || !state.warned.isEmpty else { return [:] }
            state.warned.subtract(ended)
            return Dictionary(
                uniqueKeysWithValues: ended.compactMap { proof in
                    state.notes.removeValue(forKey: proof).map { (proof, $0) }
                }
            )
        }
    }
}
