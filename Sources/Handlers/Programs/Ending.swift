import Platform

/// How a child is made to end: its group gets SIGTERM, and SIGKILL if the child is still there a while later.
///
/// What is left of the group after the child's own end is killed by ``Child/reap()``, what has left the group by
/// ``endStarted(_:)``.
struct Ending: Sendable {
    /// How long after SIGTERM comes SIGKILL.
    let killAfter: Duration
    private var killAt: ContinuousClock.Instant?
    private(set) var hasBegun = false
    private var started = StartedProcesses()

    init(killAfter: Duration) { self.killAfter = killAfter }

    /// Sends SIGTERM; the second call does nothing.
    mutating func begin(_ child: borrowing Child, now: ContinuousClock.Instant = .now) {
        guard !hasBegun else { return }
        hasBegun = true
        killAt = now + killAfter
        started.look(from: child.process)
        child.signalGroup(SIGTERM)
    }

    /// Sends SIGKILL when it is time.
    ///
    /// - Returns: When to call again; nil: not at all, there is nothing to do but wait.
    mutating func goOn(_ child: borrowing Child, now: ContinuousClock.Instant = .now) -> ContinuousClock.Instant? {
        guard let killAt, now >= killAt else { return killAt }
        self.killAt = nil
        started.look(from: child.process)
        child.signalGroup(SIGKILL)
        return nil
    }

    /// Kills what the child started and what is in no group of its, once the child itself has ended; nothing where no end had begun.
    ///
    /// - Parameter environment: The child's.
    /// - Returns: How many processes cannot be ended.
    func endStarted(_ environment: [String: String]) -> Int { hasBegun ? started.end(environment) : 0 }
}
