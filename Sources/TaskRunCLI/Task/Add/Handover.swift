import Dispatch
import Synchronization

/// Hands values from one thread to another, at most two ahead: one reads while the other writes.
///
/// Both wait without a thread of Swift's own pool.
final class Handover<Value: Sendable>: Sendable {
    private struct State {
        var values: [Value] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)
    private let room = DispatchSemaphore(value: 0)

    init() {
        // Not by the first value: a semaphore must not end with less than it began with.
        for _ in 0..<2 { room.signal() }
    }

    /// Gives a value when there is room, and returns false if no more are taken.
    func put(_ value: Value) -> Bool {
        room.wait()
        let isStopped = state.withLock { state in
            state.values.append(value)
            return state.isStopped
        }
        filled.signal()
        return !isStopped
    }

    /// Takes the next value when it is there, or returns nil if the handover was stopped.
    func take() -> Value? {
        filled.wait()
        let value = state.withLock { $0.isStopped || $0.values.isEmpty ? nil : $0.values.removeFirst() }
        // The next caller gets the same answer.
        if value == nil { filled.signal() } else { room.signal() }
        return value
    }

    /// Ends it: both sides are let go.
    func stop() {
        state.withLock { $0.isStopped = true }
        filled.signal()
        room.signal()
    }
}
