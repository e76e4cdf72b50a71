import Synchronization

/// The request to stop a run.
///
/// The first request means "claim nothing more, let the handlers finish", the second one "now".
public final class StopSignal: Sendable {
    private struct State {
        var requests = 0
        var since: ContinuousClock.Instant?
        var listener: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Creates a signal without a request.
    public init() {}

    /// Asks the run to stop; from the second request on, handlers are cancelled at once.
    public func request() {
        let listener = state.withLock { state in
            state.requests += 1
            state.since = state.since ?? .now
            return state.listener
        }
        listener?()
    }

    /// How many requests were made.
    public var requests: Int { state.withLock { $0.requests } }

    /// When the first request was made, or nil if none was.
    var since: ContinuousClock.Instant? { state.withLock { $0.since } }

    /// Calls this at each request; one listener at a time.
    public func listen(_ listener: @escaping @Sendable () -> Void) { state.withLock { $0.listener = listener } }
}
