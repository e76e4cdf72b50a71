import Platform
import SystemPackage

/// A program to be started: which one, with what, where.
struct Program: Sendable {
    /// Its absolute path.
    var path: FilePath
    var arguments: [String] = []
    /// All of it: nothing of this process's own environment is handed down.
    var environment: [String: String]
    var workingDirectory: FilePath
    /// Whether it performs tasks: then it cannot stop its run.
    var isHandler = false
}

/// Why a program could not be started; ``SpawnFailure`` says it for people.
struct StartError: Error, Sendable, Equatable {
    /// The kernel's reason.
    let reason: Errno
    /// Whether it is the working directory that could not be entered.
    var isWorkingDirectory = false
    /// Whether the program had begun, and was ended at once as it could not be followed.
    var hasBegun = false
}

extension Bell {
    /// A new one, or the reason why it cannot be had.
    static func opened() throws(StartError) -> Bell {
        guard let bell = Bell() else { throw StartError(reason: Errno(rawValue: errno)) }
        return bell
    }
}

/// How a program ended.
enum ProgramEnd: Sendable, Equatable {
    /// By itself, with this exit status.
    case exited(Int32)
    /// By this signal.
    case signaled(Int32)
    /// It was killed, as it had sent its run a signal that stops it.
    case killedForSignal
}
