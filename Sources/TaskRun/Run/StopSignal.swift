import Synchronization

/// The request to stop a run.
///
/// After the first request the run claims nothing more, and its handlers may finish. After the second one it cancels
/// them at once.
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
