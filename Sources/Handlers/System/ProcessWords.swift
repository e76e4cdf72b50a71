import CSpawn

/// The arguments of this process, its own name first.
///
/// `CommandLine.arguments` is not used: on Linux it is empty if a preloaded library has called `setenv` before `main`.
public enum ProcessWords {
    /// All arguments; read once, because a program may change its own arguments later.
    public static let all: [String] = {
        let given = (0..<max(0, process_argument_count())).compactMap {
            process_argument($0).map { String(cString: $0) }
        }
        if !given.isEmpty { return given }
        let found = split((try? Files.start(of: "/proc/self/cmdline", limit: 1 << 24)) ?? [])
        return found.isEmpty ? CommandLine.arguments : found
    }()

    /// The arguments in a text of `/proc/PID/cmdline`: each ends with a NUL, and some may be empty.
    static func split(_ bytes: [UInt8]) -> [String] {
        guard !bytes.isEmpty else { return [] }
        let whole = bytes.last == 0 ? bytes.dropLast() : bytes[...]
        return whole.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Overwrites an argument from a byte on, in the memory that `ps` shows.
    ///
    /// - Parameters:
    ///   - index: Which argument.
    ///   - count: How many of its bytes stay.
    public static func cover(_ index: Int, keeping count: Int) {
        // They are read before this, because they are kept.
        guard index < all.count else { return }
        process_cover_argument(Int32(index), count)
    }

    /// Hides this process's environment and memory from the programs that it starts, which run as the same user.
    ///
    /// To be called once, before threads begin.
    public static func keepSecrets() { process_keep_secrets() }

    /// Does something that needs files of this process in `/proc` that otherwise belong to root.
    public static func whileOpen(_ body: () -> Void) {
        process_set_open(1)
        body()
        process_set_open(0)
    }
}
