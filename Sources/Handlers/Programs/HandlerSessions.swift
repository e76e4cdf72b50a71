import CSpawn
import Platform
import Synchronization

/// The sessions of the programs that this process has started, and which handlers among them have asked their own run
/// to stop.
///
/// Such a task would stop each run that begins it, and no attempt would count, because a stopped run gives its tasks
/// back.
enum HandlerSessions {
    private enum State { case handler, signaller, other }

    private static let live = Mutex<[pid_t: State]>([:])

    static func enter(_ session: pid_t, isHandler: Bool) {
        live.withLock { $0[session] = isHandler ? .handler : .other }
    }

    /// Forgets a session; to be called before its leader is reaped.
    ///
    /// - Returns: Whether it is a handler's, and has sent its run a signal.
    static func leave(_ session: pid_t) -> Bool { live.withLock { $0.removeValue(forKey: session) == .signaller } }

    /// Ends a handler's program that has sent its run a signal.
    ///
    /// If the program has just begun, this blocks the thread for a moment.
    ///
    /// - Parameter session: The session of the process that sent it.
    /// - Returns: Whether it is a handler's; the run then goes on.
    static func end(_ session: pid_t) -> Bool {
        // A program may run before this process has noted it.
        for _ in 0..<1000 {
            let isHandler: Bool? = live.withLock { live in
                guard let state = live[session] else { return nil }
                guard state != .other else { return false }
                live[session] = .signaller
                // It is not reaped yet, so the number is still its own.
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
