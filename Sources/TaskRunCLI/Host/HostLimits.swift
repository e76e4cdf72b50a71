import Handlers
import Platform
import TaskRun
import Text

/// The processes and threads of a user.
enum HostTasks {
    /// How many there are, or 0 where `/proc` does not say.
    static func count(of user: uid_t) -> Int {
        var count = 0
        for name in (try? Files.names(in: "/proc")) ?? [] {
            var status = stat()
            guard name.utf8.first.map({ $0 >= 0x31 && $0 <= 0x39 }) == true,
                stat("/proc/\(name)", &status) == 0, status.st_uid == user || isHidden(name, status.st_uid, user)
            else { continue }
            count += ProcessFile.text("/proc/\(name)/stat").flatMap { ProcessStat(parsing: $0) }?.threads ?? 1
        }
        return count
    }

    /// Whether a process is the user's whose files in `/proc` are root's, as a run's are: it may be signalled then.
    private static func isHidden(_ name: String, _ owner: uid_t, _ user: uid_t) -> Bool {
        owner == 0 && user == geteuid() && user != 0 && pid_t(name).map { kill($0, 0) == 0 } == true
    }
}

/// The control group of this process, cgroups(7), version 2: what a container or a service may use.
enum ControlGroup {
    private static let folder: String? = {
        let line = ProcessFile.text("/proc/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::") }
        guard let path = line?.dropFirst(3) else { return nil }
        // In a container the mounted tree often begins at its own group.
        return ["/sys/fs/cgroup\(path)", "/sys/fs/cgroup"].first { access("\($0)/cgroup.controllers", R_OK) == 0 }
    }()

    /// The number in one of its files, or nil for `max` and for a missing file.
    static func number(_ file: String) -> Int? {
        folder.flatMap { ProcessFile.text("\($0)/\(file)") }.flatMap { Int($0.trimmed) }
    }

    /// The memory that it may still use, in bytes, or nil for as much as there is.
    static var memoryLeft: Int? {
        guard let most = number("memory.max"), let used = number("memory.current") else { return nil }
        return max(0, most - used)
    }
}

/// The memory of the machine.
enum HostMemory {
    /// How much is available without swapping, in bytes, proc_meminfo(5), or nil if that is not known.
    static var available: Int? {
        let line = ProcessFile.text("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }
}
