import CSpawn
import Platform
package import TaskRun

/// Ends the programs that a run left behind when it died: they have sessions of their own, so they did not end with it.
///
/// They must be ended before another run gets the tasks, or two attempts of one task would run at the same time. They
/// are in the run's record (see ``RunRecords``), whatever they did to their names and environments. With each of them
/// its process group, its session, and what these started are ended. A process that left all of them is known by
/// `TASKRUN_RUN` in the environment with which it was started. `/proc/PID/environ` shows that for this user's processes
/// (for everybody's to root), proc(5). A daemon that a handler starts on purpose has the entry as well, unless it is
/// started with `env -u TASKRUN_RUN`.
public enum LeftoverProcesses {
    /// The result of ending them.
    public struct Result: Sendable, Equatable {
        /// How many processes were ended.
        public let ended: Int
        /// Whether some still run: they are stuck in the kernel, or start new ones faster than they are ended.
        public let areLeft: Bool

        /// Creates a result from its parts.
        public init(ended: Int, areLeft: Bool) {
            self.ended = ended
            self.areLeft = areLeft
        }
    }

    /// Ends all processes of a run that have its entry, with their process groups, and waits until they are gone.
    ///
    /// This process and its process group are never ended, even if that run started it.
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
    ///   - records: The records of runs on this host.
    ///   - limit: How long to wait; default 5 s.
    /// - Returns: How many processes were ended, and whether any is left. If that cannot be seen, because there is no
    ///   record that can be trusted or another user's processes are hidden, some count as left.
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
            // A process with the entry belongs to the run, or chose to have it: no user can give it to another user's
            // process.
            let sweeps = [record_sweep(record, user, nil, 0), record_sweep(-1, 0, known, known.count)]
            let found = sweeps.reduce(0) { $0 + Int($1.found) }
            let foreign = sweeps.reduce(0) { $0 + Int($1.foreign) }
            guard sweeps.allSatisfy({ $0.is_seen != 0 }) else { return Result(ended: ended, areLeft: true) }
            guard found > 0 else { return Result(ended: ended, areLeft: false) }
            ended = max(ended, found - foreign)
            guard found > foreign, ContinuousClock.now < deadline, !Task.isCancelled else {
                return Result(ended: ended, areLeft: true)
            }
            // A cancelled wait is noticed above.
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The numbers of the run's processes, without this process; ended ones that wait to be reaped are not counted.
    static func processes(startedBy run: String) -> [pid_t] { processes(having: ["TASKRUN_RUN=\(run)"]) }

    /// The numbers of the processes that have all these entries in their environments.
    static func processes(having entries: [String]) -> [pid_t] {
        let names = (try? Files.names(in: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            guard process != getpid() else { return false }
            // It has ended since, or belongs to another user: no process of that run.
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
