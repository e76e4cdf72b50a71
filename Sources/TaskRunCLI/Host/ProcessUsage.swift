import Handlers
import Platform

/// What this process has used of the machine.
enum ProcessUsage {
    /// Time on the processors, in the program and in the kernel for it.
    static var processorTime: Duration {
        let usage = usage()
        func duration(_ time: timeval) -> Duration { .seconds(time.tv_sec) + .microseconds(time.tv_usec) }
        return duration(usage.ru_utime) + duration(usage.ru_stime)
    }

    /// Seconds on a clock that only goes forward and that all processes of this machine share.
    static var clock: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The most memory it had in use at one moment, in bytes; since ``forgetPeak()`` on Linux.
    static var peakMemory: Int {
        #if os(Linux)
        // "VmHWM:     12345 kB", proc_pid_status(5).
        let line = ProcessFile.text("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        if let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) {
            return kibibytes << 10
        }
        return usage().ru_maxrss << 10
        #else
        return usage().ru_maxrss
        #endif
    }

    /// Resets the peak, if the system can: proc_pid_clear_refs(5).
    static func forgetPeak() {
        #if os(Linux)
        ProcessWords.whileOpen {
            let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            _ = write(file, "5", 1)
            close(file)
        }
        #endif
    }

    private static func usage() -> rusage {
        var usage = rusage()
        #if canImport(Glibc)
        // An enumeration there, and the function wants its number.
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
        getrusage(RUSAGE_SELF, &usage)
        #endif
        return usage
    }
}
