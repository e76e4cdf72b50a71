import Synchronization

/// Shows that a run still works: the run's loop calls `beat()` in each round, at least once a second.
///
/// A class because the run and its watcher share it.
public final class RunPulse: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(.now)

    /// Creates a pulse that has just beaten.
    public init() {}

    /// Notes that the run goes on.
    func beat() { last.withLock { $0 = .now } }

    /// Notes that the run waits for tasks and may be silent for long.
    func rest() { last.withLock { $0 = nil } }

    /// How long the run has been silent; zero while it rests.
    public var silence: Duration { last.withLock { $0.map { $0.duration(to: .now) } ?? .zero } }
}
