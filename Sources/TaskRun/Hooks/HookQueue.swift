import Synchronization

/// Events that hooks have not received yet; they are delivered one after the other, beside the run.
///
/// A class because the run adds events and a separate Swift task delivers them.
final class HookQueue: Sendable {
    /// From this many events, or bytes of payloads, the run claims nothing more.
    static let limit = (events: 2000, bytes: 64 << 20)

    private struct Event {
        let bytes: Int
        let tell: @Sendable () async -> Void
    }

    private struct State {
        var events: [Event] = []
        var first = 0
        var bytes = 0
        /// Exists while events are delivered.
        ///
        /// It is not structured: the run goes on beside it, and waits for it at its end.
        var teller: Task<Void, Never>?
        var wasFull = false
        var listener: (@Sendable () -> Void)?

        var count: Int { events.count - first + (teller == nil ? 0 : 1) }
        var isFull: Bool { events.count - first >= HookQueue.limit.events || bytes >= HookQueue.limit.bytes }
    }

    private let state = Mutex(State())

    /// Calls this when everything is delivered, and when there is room again after the queue was full.
    func listen(_ listener: @escaping @Sendable () -> Void) { state.withLock { $0.listener = listener } }

    /// How many events are not yet delivered.
    var count: Int { state.withLock { $0.count } }

    /// Whether nothing more should be added; an event that is added nevertheless is still delivered.
    var isFull: Bool {
        state.withLock { state in
            state.wasFull = state.wasFull || state.isFull
            return state.isFull
        }
    }

    /// Adds an event, which is delivered after those before it.
    func add(bytes: Int = 0, _ tell: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            state.events.append(Event(bytes: bytes, tell: tell))
            state.bytes += bytes
            if state.teller == nil {
                state.teller = Task { @concurrent in
                    while let event = self.next() { await event.tell() }
                }
            }
        }
    }

    /// Drops the events that are not yet delivered, and cancels the delivery in progress.
    ///
    /// - Returns: How many were dropped.
    func drop() -> Int {
        state.withLock { state in
            let count = state.count
            state.teller?.cancel()
            (state.events, state.first, state.bytes) = ([], 0, 0)
            return count
        }
    }

    private func next() -> Event? {
        let (event, listener) = state.withLock { state -> (Event?, (@Sendable () -> Void)?) in
            guard state.first < state.events.count else {
                state.teller = nil
                (state.events, state.first) = ([], 0)
                return (nil, state.listener)
            }
            let event = state.events[state.first]
            state.first += 1
            state.bytes -= event.bytes
            // Delivered events are removed now and then: each event is moved at most once more.
            if state.first > 256, state.first * 2 > state.events.count {
                state.events.removeFirst(state.first)
                state.first = 0
            }
            let hasRoom = state.wasFull && state.events.count - state.first < Self.limit.events / 2 && !state.isFull
            if hasRoom { state.wasFull = false }
            return (event, hasRoom ? state.listener : nil)
        }
        listener?()
        return event
    }
}
