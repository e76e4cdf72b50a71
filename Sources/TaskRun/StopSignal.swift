import Synchronization

/// The request to stop a run: once for "claim nothing more, let the handlers finish", twice for "now".
public final class StopSignal: Sendable {
    private struct State {
        var requests = 0
        var listener: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Creates a signal that nobody has given.
    public init() {}

    /// Asks the run to stop; from the second time on handlers are cancelled at once.
    public func request() {
        let listener = state.withLock { state in
            state.requests += 1
            return state.listener
        }
        listener?()
    }

    /// How often it was asked.
    public var requests: Int { state.withLock { $0.requests } }

    /// Calls this at each request; one listener at a time.
    public func listen(_ listener: @escaping @Sendable () -> Void) { state.withLock { $0.listener = listener } }
}
