import Handlers
import Platform
import TaskRun

/// How many handlers this process can run at once, decided from the limits of the machine.
struct Capacity: Equatable {
    /// One limit.
    struct Bound: Equatable {
        /// How many handlers fit.
        let count: Int
        /// What the limit is: `the limit of open files is 1024 (ulimit -n)`.
        let reason: String
    }

    let bounds: [Bound]

    /// From this many handlers on, the limits are read: fewer are hardly ever too many, and reading takes a moment.
    private static let fromCount = 17

    /// How many of the requested handlers can run, and a finding, or nil if all of them can.
    func cap(_ asked: Int) -> (count: Int, finding: Finding?) {
        guard let least = bounds.min(by: { $0.count < $1.count }), least.count < asked else { return (asked, nil) }
        let count = max(1, least.count)
        let found = "concurrency asks for \(asked) handler slots, but at most \(count) can be used: \(least.reason)"
        let advice = "Raise that limit, or lower the setting concurrency."
        return (count, Finding(.warning, "concurrency", found, advice: advice))
    }

    /// The limits of this process that so many handlers could reach.
    static func ofThisProcess(for asked: Int) -> Capacity {
        var bounds: [Bound] = []
        let files = ExecutableSettings.mostAtOnce(slots: true)
        bounds.append(
            Bound(count: files, reason: "the limit of open files is \(sysconf(Int32(_SC_OPEN_MAX))) (ulimit -n)")
        )
        if let bound = addressSpace() { bounds.append(bound) }
        guard asked >= fromCount else { return Capacity(bounds: bounds) }
        return Capacity(bounds: bounds + [processes(), ofContainer(), memory(asked)].compactMap(\.self))
    }

    /// A program and the thread that waits for it count alike; some are left for what programs start themselves.
    private static func fit(processes left: Int) -> Int { max(1, (left - 16) / 3) }

    private static func processes() -> Bound? {
        var limit = rlimit()
        // The kernel does not apply it to root, setrlimit(2).
        guard geteuid() != 0, getrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &limit) == 0 else { return nil }
        // No user has so many, and counting them would take long.
        guard limit.rlim_cur < 65_536 else { return nil }
        let most = Int(limit.rlim_cur)
        return Bound(
            count: fit(processes: most - HostTasks.count(of: geteuid())),
            reason: "this user may have \(most) processes and threads (ulimit -u)"
        )
    }

    /// The stack of a thread, and what the C library reserves for its memory.
    private static let addressesEach = 80 << 20

    private static func addressSpace() -> Bound? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < rlim_t(Int.max) else {
            return nil
        }
        // In pages, proc_pid_statm(5).
        let pages = ProcessFile.text("/proc/self/statm")?.split(separator: " ").first.flatMap { Int($0) } ?? 0
        let left = Int(limit.rlim_cur) - pages * sysconf(Int32(_SC_PAGESIZE))
        return Bound(
            count: left / addressesEach,
            reason: "this process may use \(limit.rlim_cur >> 20) MiB of addresses (ulimit -v)"
        )
    }

    private static func ofContainer() -> Bound? {
        guard let most = ControlGroup.number("pids.max"), let used = ControlGroup.number("pids.current") else {
            return nil
        }
        return Bound(
            count: fit(processes: most - used),
            reason: "\(most) processes and threads are allowed in this container or service (pids.max)"
        )
    }

    /// Few programs need less than this.
    private static let bytesEach = 4 << 20

    private static func memory(_ asked: Int) -> Bound? {
        let all = [HostMemory.available, ControlGroup.memoryLeft].compactMap(\.self)
        guard let left = all.min() else { return nil }
        return Bound(count: left / bytesEach, reason: "\(left >> 20) MiB of memory are left")
    }
}
