import Synchronization

/// The progress that handlers have reported and that is not yet in the table: the last of each task.
///
/// A handler writes here and goes on; the run takes it off at most once a second. A class because handlers and run
/// share it.
final class ProgressBoard: Sendable {
    private struct State {
        var notes: [ClaimProof: ProgressNote] = [:]
        /// Those that were told that their values make no sense.
        var warned: Set<ClaimProof> = []
    }

    private let state = Mutex(State())

    /// Keeps a task's progress.
    ///
    /// - Returns: Whether it is the first on an empty board: then the run is to be woken.
    func put(_ note: ProgressNote, for proof: ClaimProof) -> Bool {
        state.withLock { state in
            let isFirst = state.notes.isEmpty
            state.notes[proof] = note
            return isFirst
        }
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

    /// Whether a task is to be warned: once.
    func warns(_ proof: ClaimProof) -> Bool { state.withLock { $0.warned.insert(proof).inserted } }
}
