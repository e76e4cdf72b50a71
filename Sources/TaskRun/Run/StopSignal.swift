import Synchronization

/// The request to stop a run: once for "claim nothing more, let the handlers finish", twice for "now".
public final class StopSignal: Sendable {
    private struct State {
        var requests = 0
        var since: ContinuousClock.Instant?
        var listener: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Creates a signal that nobody has given.
    public init() {}

    /// Asks the run to stop; from the second time on handlers are cancelled at once.
    public func request() {
        let listener = state.withLock { state in
            state.requests += 1
            state.since = state.since ?? .now
            return state.listener
        }
        listener?()
    }

    /// How often it was asked.
    public var requests: Int { state.withLock { $0.requests } }

    /// When it was asked first, or nil.
    var since: ContinuousClock.Instant? { state.withLock { $0.since } }

    /// Calls this at each request; one listener at a time.
    public func listen(_ listener: @escaping @Sendable () -> Void) { state.withLock { $0.listener = listener } }
}
