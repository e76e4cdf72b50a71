import Platform
import Synchronization

/// Keeps the number of programs at once below what the limit of open files allows.
///
/// If programs used the last descriptor, this process could no longer reach its databases or follow its other programs.
enum DescriptorLimit {
    /// Too many programs are running already.
    struct Reached: Error, Sendable, CustomStringConvertible {
        let description: String
    }

    /// Six ends of pipes, one descriptor of the child, and one to wake the thread, while the program is being started.
    private static let perProgram = 8
    /// For everything else that this process has open: databases, logs, and what they need.
    private static let reserve = 128

    /// How many programs may run at once; 112 with the usual limit of 1,024 open files.
    static let programs = most(more: 0)

    /// How many programs fit into the limit if each needs this many descriptors more.
    static func most(more: Int) -> Int { max(1, (sysconf(Int32(_SC_OPEN_MAX)) - reserve) / (perProgram + more)) }
    private static let running = Atomic<Int>(0)

    /// Counts a program while `body` runs it.
    static func withProgram<Value>(_ body: () throws -> Value) throws -> Value {
        let count = running.add(1, ordering: .relaxed).newValue
        defer { running.subtract(1, ordering: .relaxed) }
        guard count <= programs else {
            throw Reached(
                description: "\(programs) programs are running, and the limit of open files allows no more. "
                    + "Raise it (ulimit -n), or lower the number of handlers at once."
            )
        }
        return try body()
    }
}
