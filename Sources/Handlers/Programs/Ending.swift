import Platform

/// How a child is ended: its group gets SIGTERM, and later SIGKILL if the child has not ended.
///
/// ``Child/reap()`` kills the rest of the group after the child's own end, and ``endStarted(_:)`` kills processes that
/// have left the group.
struct Ending: Sendable {
    /// How long after SIGTERM to send SIGKILL.
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
    /// - Returns: When to call again, or nil if nothing is left to do but wait.
    mutating func goOn(_ child: borrowing Child, now: ContinuousClock.Instant = .now) -> ContinuousClock.Instant? {
        guard let killAt, now >= killAt else { return killAt }
        self.killAt = nil
        started.look(from: child.process)
        child.signalGroup(SIGKILL)
        return nil
    }

    /// Kills processes that the child started and that have left its group, once the child itself has ended.
    ///
    /// It does nothing if the end of the child was never requested.
    ///
    /// - Parameter environment: The child's.
    /// - Returns: How many processes cannot be ended.
    func endStarted(_ environment: [String: String]) -> Int { hasBegun ? started.end(environment) : 0 }
}
