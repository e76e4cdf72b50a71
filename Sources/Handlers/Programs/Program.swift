import Platform
import SystemPackage

/// A program to start: its path, arguments, environment and working directory.
struct Program: Sendable {
    /// Its absolute path.
    var path: FilePath
    var arguments: [String] = []
    /// The whole environment: it inherits nothing of this process's own.
    var environment: [String: String]
    var workingDirectory: FilePath
    /// Whether it performs tasks; if so, it cannot stop its run.
    var isHandler = false
}

/// Why a program could not be started; ``SpawnFailure`` explains it for people.
struct StartError: Error, Sendable, Equatable {
    /// The kernel's reason.
    let reason: Errno
    /// Whether the working directory could not be entered.
    var isWorkingDirectory = false
    /// Whether the program had begun, and was killed at once because it could not be followed.
    var hasBegun = false
}

extension WakeUp {
    /// Opens a new one, or throws the reason why that is impossible.
    static func opened() throws(StartError) -> WakeUp {
        guard let wakeUp = WakeUp() else { throw StartError(reason: Errno(rawValue: errno)) }
        return wakeUp
    }
}

/// How a program ended.
enum ProgramEnd: Sendable, Equatable {
    /// It exited with this status.
    case exited(Int32)
    /// This signal ended it.
    case signaled(Int32)
    /// It was killed because it had sent its run a signal to stop.
    case killedForSignal
}
