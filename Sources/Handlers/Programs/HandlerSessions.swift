import CSpawn
import Platform
import Synchronization

/// The sessions of the programs that this process has started, and which handler among them has asked its own run to stop.
///
/// Such a task would stop each run that begins it, and no attempt would count: a run that is stopped gives its tasks back.
enum HandlerSessions {
    private enum State { case handler, signaller, other }

    private static let live = Mutex<[pid_t: State]>([:])

    static func enter(_ session: pid_t, isHandler: Bool) {
        live.withLock { $0[session] = isHandler ? .handler : .other }
    }

    /// To be called before the session's leader is reaped.
    ///
    /// - Returns: Whether it is a handler's, and has sent its run a signal.
    static func leave(_ session: pid_t) -> Bool { live.withLock { $0.removeValue(forKey: session) == .signaller } }

    /// Ends a handler's program that has sent its run a signal; blocks this thread for a moment where the program has just begun.
    ///
    /// - Parameter session: The session of the process that sent it.
    /// - Returns: Whether it is a handler's: then the run goes on.
    static func end(_ session: pid_t) -> Bool {
        // A program may be at work before this process has noted it.
        for _ in 0..<1000 {
            let isHandler: Bool? = live.withLock { live in
                guard let state = live[session] else { return nil }
                guard state != .other else { return false }
                live[session] = .signaller
                // It is not reaped yet, so the number is its own.
                kill(-session, SIGKILL)
                return true
            }
            if let isHandler { return isHandler }
            guard isChild(session) else { return false }
            usleep(1000)
        }
        return false
    }

    private static func isChild(_ process: pid_t) -> Bool {
        var information = siginfo_t()
        return process > 0 && waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0
    }
}
