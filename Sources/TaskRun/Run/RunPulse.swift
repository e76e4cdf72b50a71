import Synchronization

/// Whether a run goes on: it beats once each time around, which is once a second at least.
///
/// A class: the run and whoever watches it share it.
public final class RunPulse: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(.now)

    /// Creates one that has just beaten.
    public init() {}

    /// Takes note that the run goes on.
    func beat() { last.withLock { $0 = .now } }

    /// Takes note that the run waits for tasks and may be silent for long.
    func rest() { last.withLock { $0 = nil } }

    /// How long the run has been silent; zero while it rests.
    public var silence: Duration { last.withLock { $0.map { $0.duration(to: .now) } ?? .zero } }
}
