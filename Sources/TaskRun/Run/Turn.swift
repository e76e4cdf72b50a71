/// The turn to claim tasks, which runs that stay pass on from one to the next: the newcomer takes it over.
///
/// It keeps such runs from piling up. It is no lock: two runs that claim at the same time share the work.
public protocol Turn: Sendable {
    /// Asks the run that has the turn for it, and waits until that run claims nothing more.
    ///
    /// A run that is dead has lost it; one that does not answer is not waited for longer than about 10 s.
    ///
    /// - Parameter isCancelled: Whether to give up waiting.
    /// - Returns: Whether to go on; false: another newcomer waits already, or the waiting was given up.
    func take(unless isCancelled: @escaping @Sendable () -> Bool) async -> Bool
    /// Whether a newcomer asks for the turn.
    var isWanted: Bool { get }
    /// Calls this when a newcomer asks; one listener at a time.
    func listen(_ listener: @escaping @Sendable () -> Void)
    /// Passes the turn on: from now on this run claims nothing. May be called again.
    func pass()
}
