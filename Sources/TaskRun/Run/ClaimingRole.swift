/// The role of claiming tasks, which runs that stay pass from one to the next: a new run takes it over.
///
/// It keeps such runs from piling up. It is no lock: if two runs claim at the same time, they share the work.
public protocol ClaimingRole: Sendable {
    /// Asks the run with the role for it, and waits until that run claims nothing more.
    ///
    /// A dead run has lost the role. A run that does not answer is waited for no longer than about 10 s.
    ///
    /// - Parameter isCancelled: Whether to give up waiting.
    /// - Returns: Whether to go on; false if another new run waits already, or the waiting was given up.
    func take(unless isCancelled: @escaping @Sendable () -> Bool) async -> Bool
    /// Whether a new run asks for the role.
    var isWanted: Bool { get }
    /// Calls this when a new run asks; one listener at a time.
    func listen(_ listener: @escaping @Sendable () -> Void)
    /// Gives up the role: from now on this run claims nothing.
    ///
    /// It may be called again.
    func pass()
}
