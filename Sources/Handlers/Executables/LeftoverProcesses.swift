#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The executables that a run left behind when it died: they are in sessions of their own, so nothing ended them.
///
/// They are to be ended before the run's tasks are given to anyone else, or two attempts of one task would go on at the
/// same time. They are known by `TASKRUN_RUN` in the environment they were started with, which `/proc/PID/environ`
/// shows of this user's processes (of everybody's to root, so also of handlers that changed their user), proc(5).
/// A daemon that a handler starts on purpose has the entry as well, unless it is started with `env -u TASKRUN_RUN`.
public enum LeftoverProcesses {
    /// What became of them.
    public struct Result: Sendable, Equatable {
        /// How many processes were ended.
        public let ended: Int
        /// Whether some are still there: stuck in the kernel, or beginning anew faster than they were ended.
        public let areLeft: Bool

        /// Creates a result from its parts.
        public init(ended: Int, areLeft: Bool) {
            self.ended = ended
            self.areLeft = areLeft
        }
    }

    /// Ends all processes of a run, with their process groups, and waits until they are gone.
    ///
    /// This process itself is never among them, nor is its process group, even where that run started it.
    ///
    /// - Parameters:
    ///   - run: The text of the dead run's identity, as in ``ExecutableSettings/run``.
    ///   - limit: How long to wait; default 5 s.
    /// - Returns: How many processes were ended, and whether any is left.
    public static func end(startedBy run: String, within limit: Duration = .seconds(5)) async -> Result {
        let deadline = ContinuousClock.now + limit
        var seen: Set<pid_t> = []
        while true {
            let found = processes(startedBy: run)
            seen.formUnion(found)
            guard !found.isEmpty else { return Result(ended: seen.count, areLeft: false) }
            guard ContinuousClock.now < deadline, !Task.isCancelled else {
                return Result(ended: seen.count - found.count, areLeft: true)
            }
            for process in found {
                // The group first, by its leader's number, while a member of it is surely there.
                let group = getpgid(process)
                if group > 1 && group != getpgrp() { kill(-group, SIGKILL) }
                kill(process, SIGKILL)
            }
            // A cancelled wait is seen above.
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The numbers of this run's processes, without this process; those that have ended and wait to be reaped are gone.
    static func processes(startedBy run: String) -> [pid_t] {
        let names = (try? Files.names(in: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            guard process != getpid() else { return false }
            // Gone in the meantime, or another user's: no process of that run.
            guard let environ = try? Files.start(of: "/proc/\(process)/environ", limit: 4 << 20) else { return false }
            return contains(environ, run: run)
        }
    }

    /// Whether an environment, entries ended by NUL, has the entry `TASKRUN_RUN` with exactly this value.
    static func contains(_ environ: [UInt8], run: String) -> Bool {
        let entry = Array("TASKRUN_RUN=\(run)".utf8)
        return environ.split(separator: 0).contains { $0.elementsEqual(entry) }
    }
}
