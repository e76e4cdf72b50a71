import Platform
import TaskRun
import Text

extension RunIdentity {
    /// The identity of this process.
    static func ofThisProcess() -> RunIdentity {
        let pid = getpid()
        #if os(Linux)
        let stat = ProcessFile.text("/proc/self/stat").flatMap { ProcessStat(parsing: $0) }
        if let stat, stat.pid == pid, let boot = ProcessFile.text("/proc/sys/kernel/random/boot_id"),
            let namespace = ProcessFile.namespace("/proc/self/ns/pid")
        {
            return RunIdentity(
                host: hostName(),
                pid: pid,
                startTicks: stat.startTicks,
                bootID: boot.trimmed,
                namespace: namespace,
                machine: machine(namespace: namespace),
                user: geteuid()
            )
        }
        #endif
        return RunIdentity(host: hostName(), pid: pid, startTicks: 0, bootID: substituteBootID(), namespace: 0)
    }

    /// Where there is no usable `/proc`: a unique text, so that only the end of the lease decides about this run.
    private static func substituteBootID() -> String {
        #if os(macOS)
        var time = timeval()
        var size = MemoryLayout<timeval>.size
        if sysctlbyname("kern.boottime", &time, &size, nil, 0) == 0 { return "boot-\(time.tv_sec)" }
        #endif
        return "unknown-\(UInt64.random(in: 0 ... .max))"
    }

    /// The namespace of a machine's first process, PROC_PID_INIT_INO of the kernel.
    private static let firstNamespace: UInt64 = 0xEFFF_FFFC

    /// A mark of this machine that stays the same over boots, or nil if none can be trusted.
    ///
    /// The machine's id, machine-id(5), must not be shown to everyone, so it is hashed. In a container it may be that
    /// of the image, so the folder on the host that the container writes to goes into the mark, too.
    private static func machine(namespace: UInt64) -> String? {
        let files = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        guard let id = files.lazy.compactMap({ ProcessFile.text($0)?.trimmed }).first(where: { $0.utf8.count == 32 })
        else { return nil }
        if namespace == firstNamespace { return ClaimingRoleFile.mark(["machine", id]) }
        let mounts = ProcessFile.text("/proc/self/mountinfo")?.split(separator: "\n") ?? []
        let root = mounts.first { $0.split(separator: " ").dropFirst(4).first == "/" }
        guard
            let folder = root?.split(whereSeparator: { $0 == "," || $0 == " " }).first(where: {
                $0.hasPrefix("upperdir=")
            })
        else { return nil }
        return ClaimingRoleFile.mark(["machine", id, String(folder)])
    }

    private static func hostName() -> String {
        let name = ProcessInfo.processInfo.hostName.trimmed
        return name.isEmpty ? "localhost" : name
    }
}

/// Files of `/proc`, which have no size until they are read.
enum ProcessFile {
    /// The text of a file, or nil if it cannot be read.
    static func text(_ path: String) -> String? {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The number in a link like `pid:[4026531836]`, which tells one namespace from another.
    static func namespace(_ path: String) -> UInt64? {
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return nil }
        return UInt64(target.drop { $0 != "[" }.dropFirst().prefix { $0 != "]" })
    }
}
