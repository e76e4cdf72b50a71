import Platform
import Synchronization

/// Whether a store writes the history, and what kept it from doing so.
///
/// A role may lack the right to write it, or a trigger may refuse a line. Tasks are settled all the same: what was
/// refused with lines of the history is written again without them. If that succeeds, this store writes no more lines.
///
/// A class: the store and its parts share it.
package final class HistoryKeeper: Sendable {
    private struct State {
        /// Whether no lines are written, as they were refused.
        var isPaused = false
        /// Whether lines were written in the call of the store that goes on.
        var isUsed = false
        var trouble: StoreError?
    }

    /// How long lines are kept, by name.
    package let retention: HistoryRetention
    /// The name of this host.
    package let host: String
    private let state = Mutex(State())

    /// For what writes no lines.
    package static let off = HistoryKeeper(.none, host: "")

    /// Creates one for a store.
    package init(_ retention: HistoryRetention, host: String = ProcessInfo.processInfo.hostName) {
        (self.retention, self.host) = (retention, host)
    }

    /// Whether lines are written for some names.
    package var isOn: Bool { !retention.isNothing && state.withLock { !$0.isPaused } }

    /// Whether lines are written for tasks of this name.
    package func keeps(_ name: String) -> Bool { retention[name] != nil && isOn }

    /// A call of the store begins.
    package func begin() {
        if !retention.isNothing { state.withLock { $0.isUsed = false } }
    }

    /// Lines are written in this call.
    package func use() { state.withLock { $0.isUsed = true } }

    /// Whether lines were written in this call, so that a refusal may be about them.
    package var isSuspect: Bool { state.withLock { $0.isUsed && !$0.isPaused } }

    /// Writes no lines from now on.
    ///
    /// - Returns: Whether a refusal may have been about lines: the call is to be made again.
    package func pause() -> Bool {
        state.withLock { state in
            guard state.isUsed, !state.isPaused else { return false }
            state.isPaused = true
            return true
        }
    }

    /// The call was refused without lines too: they are written again.
    package func resume() { state.withLock { $0.isPaused = false } }

    /// The call was not refused without lines: none are written from now on.
    package func blame(_ error: StoreError) {
        state.withLock { state in
            state.isPaused = true
            state.trouble = error
        }
    }

    /// What keeps the history from being written, once.
    package func takeTrouble() -> StoreError? {
        state.withLock { state in
            defer { state.trouble = nil }
            return state.trouble
        }
    }

    /// The error about lines that were refused.
    package static func error(_ cause: StoreError, in location: String) -> StoreError {
        StoreError(
            cause.code,
            subject: "cannot write the history in \(location)",
            cause: cause.cause,
            advice:
                "Tasks are performed and settled without it. Give this role the rights on task_history and "
                + "task_failures, remove what refuses their rows, or set history: none."
        )
    }
}
