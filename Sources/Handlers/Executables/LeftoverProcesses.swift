import CSpawn
import Platform
package import TaskRun

/// The programs that a run left behind when it died: they are in sessions of their own, so nothing ended them.
///
/// They are to be ended before the run's tasks are given to anyone else, or two attempts of one task would go on at the
/// same time. They stand in the run's record (see ``RunRecords``), whatever they have made of their names and environments; with each go its
/// process group, its session, and what these started. A process that left all of them is known by `TASKRUN_RUN` in the
/// environment it was started with, which `/proc/PID/environ` shows of this user's processes (of everybody's to root), proc(5).
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

    /// Ends all processes of a run that have its entry, with their process groups, and waits until they are gone.
    ///
    /// This process itself is never among them, nor is its process group, even where that run started it.
    ///
    /// - Parameters:
    ///   - run: The text of the dead run's identity, as in ``ExecutableSettings/run``.
    ///   - limit: How long to wait; default 5 s.
    /// - Returns: How many processes were ended, and whether any is left.
    public static func end(startedBy run: String, within limit: Duration = .seconds(5)) async -> Result {
        await end(startedBy: run, record: -1, of: 0, within: limit)
    }

    /// Ends all that a dead run left on this host, and waits until it is gone.
    ///
    /// - Parameters:
    ///   - run: The dead run.
    ///   - records: Where its record lies.
    ///   - limit: How long to wait; default 5 s.
    /// - Returns: How many processes were ended, and whether any is left. Where that cannot be seen, as there is no record that can be trusted
    ///   or another user's processes are hidden, some are taken to be left.
    package static func end(
        startedBy run: RunIdentity,
        in records: RunRecords,
        within limit: Duration = .seconds(5)
    ) async -> Result {
        // Runs of the version before wrote no records.
        guard let user = run.user else { return await end(startedBy: run.text, within: limit) }
        guard user == geteuid() || canSeeOthers, let record = records.open(of: run) else {
            return Result(ended: 0, areLeft: true)
        }
        defer { close(record) }
        return await end(startedBy: run.text, record: record, of: user, within: limit)
    }

    /// Whether `/proc` shows the processes of other users: it may be mounted with hidepid.
    private static var canSeeOthers: Bool { geteuid() == 0 || access("/proc/1/stat", R_OK) == 0 }

    private static func end(
        startedBy run: String,
        record: Int32,
        of user: uid_t,
        within limit: Duration
    ) async -> Result {
        let deadline = ContinuousClock.now + limit
        var ended = 0
        while true {
            let known = processes(startedBy: run)
            // What has the entry is the run's, or has taken it on itself: no user can give it to another's process.
            let sweeps = [record_sweep(record, user, nil, 0), record_sweep(-1, 0, known, known.count)]
            let found = sweeps.reduce(0) { $0 + Int($1.found) }
            let foreign = sweeps.reduce(0) { $0 + Int($1.foreign) }
            guard sweeps.allSatisfy({ $0.is_seen != 0 }) else { return Result(ended: ended, areLeft: true) }
            guard found > 0 else { return Result(ended: ended, areLeft: false) }
            ended = max(ended, found - foreign)
            guard found > foreign, ContinuousClock.now < deadline, !Task.isCancelled else {
                return Result(ended: ended, areLeft: true)
            }
            // A cancelled wait is seen above.
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The numbers of this run's processes, without this process; those that have ended and wait to be reaped are gone.
    static func processes(startedBy run: String) -> [pid_t] { processes(having: ["TASKRUN_RUN=\(run)"]) }

    /// The same of those that have all these entries in their environments.
    static func processes(having entries: [String]) -> [pid_t] {
        let names = (try? Files.names(in: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            guard process != getpid() else { return false }
            // Gone in the meantime, or another user's: no process of that run.
            guard let environ = try? Files.start(of: "/proc/\(process)/environ", limit: 4 << 20) else { return false }
            return contains(environ, entries: entries)
        }
    }

    /// Whether an environment, entries ended by NUL, has exactly these ones.
    static func contains(_ environ: [UInt8], entries: [String]) -> Bool {
        let all = environ.split(separator: 0)
        return entries.allSatisfy { entry in all.contains { $0.elementsEqual(entry.utf8) } }
    }
}
