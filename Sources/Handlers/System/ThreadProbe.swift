import CSpawn
import Platform
public import SystemPackage

/// Checks whether this process can have the threads that Swift's runtime will need, for which it would wait for ever.
public enum ThreadProbe {
    /// The threads of its pool, of its queues, and of its event sources.
    private static let wanted: Int32 = 8
    /// From this limit on there are hardly ever too few threads, and nothing is checked.
    private static let enough: rlim_t = 4_096

    /// Checks it if the limit of processes is so small that there may be too few threads.
    ///
    /// - Returns: Why there are too few, or nil if there are enough.
    public static func shortage() -> Errno? {
        #if canImport(Glibc)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &limit) == 0, limit.rlim_cur < enough else {
            return nil
        }
        let error = threads_available(wanted)
        return error == 0 ? nil : Errno(rawValue: error)
        #else
        return nil
        #endif
    }
}
