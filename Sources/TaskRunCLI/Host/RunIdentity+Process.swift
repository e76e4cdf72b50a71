#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

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
                namespace: namespace
            )
        }
        #endif
        return RunIdentity(host: hostName(), pid: pid, startTicks: 0, bootID: substituteBootID(), namespace: 0)
    }

    /// Where there is no usable `/proc`: a text that no other run has, so that only the lease's end decides about this one.
    private static func substituteBootID() -> String {
        #if os(macOS)
        var time = timeval()
        var size = MemoryLayout<timeval>.size
        if sysctlbyname("kern.boottime", &time, &size, nil, 0) == 0 { return "boot-\(time.tv_sec)" }
        #endif
        return "unknown-\(UInt64.random(in: 0 ... .max))"
    }

    private static func hostName() -> String {
        let name = ProcessInfo.processInfo.hostName.trimmed
        return name.isEmpty ? "localhost" : name
    }
}

/// Files of `/proc`, which have no size until they are read.
enum ProcessFile {
    /// The text of a file; nil if it cannot be read.
    static func text(_ path: String) -> String? {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The number in a link like `pid:[4026531836]`, which tells one namespace from another.
    static func namespace(_ path: String) -> UInt64? {
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return nil }
        return UInt64(target.drop { $0 != "[" }.dropFirst().prefix { $0 != "]" })
    }
}
