import Platform
import SystemPackage
import TaskRun

/// Why a program could not be started, in words: the error number alone says "no such file" for a missing interpreter
/// too.
enum SpawnFailure {
    /// One text with what failed, on what, why, and what to do.
    static func text(_ error: any Error, path: String, workingDirectory: String) -> String {
        guard let error = error as? StartError else { return "cannot start \(path): \(error)" }
        if error.isWorkingDirectory {
            let reason = describe(error.reason)
            return "cannot start \(path): its working directory \(workingDirectory) cannot be entered: \(reason)."
        }
        return "cannot start \(path): " + text(error.reason, path: path)
    }

    /// The same text as the reason why a handler did not begin.
    static func notBegun(_ error: any Error, path: String, workingDirectory: String) -> NotBegun {
        NotBegun(cause(of: error), text(error, path: path, workingDirectory: workingDirectory))
    }

    /// The cause of the failure.
    static func cause(of error: any Error) -> NotBegun.Cause {
        switch error {
        case is DescriptorLimit.Reached: .scarcity
        case let error as StartError: cause(of: error.reason)
        case let error as Errno: cause(of: error)
        default: .handler
        }
    }

    private static func cause(of reason: Errno) -> NotBegun.Cause {
        switch reason {
        case .textFileBusy: .passing
        case .resourceTemporarilyUnavailable, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace,
            Errno(rawValue: EDQUOT):
            .scarcity
        default: .handler
        }
    }

    private static func text(_ reason: Errno, path: String) -> String {
        switch reason {
        case .noSuchFileOrDirectory, .permissionDenied, .notDirectory, .isDirectory, .execFormatError:
            whyNotRun(path, reason)
        case .textFileBusy: "it is being written to."
        case .resourceTemporarilyUnavailable:
            "there are too many processes (ulimit -u, or the limit of a container or service). "
                + "Raise it, or lower the number of handlers at once."
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            "\(describe(reason)). Raise the limit of open files (ulimit -n), or lower the number of handlers at once."
        case .noFunction: "this kernel has no pidfd_open(2). Linux 5.3 or later is needed."
        default: "\(describe(reason))."
        }
    }

    /// The rest of the first line of a script, after `#!`: the interpreter and its argument.
    static func interpreterLine(_ start: [UInt8]) -> String? {
        guard start.starts(with: Array("#!".utf8)) else { return nil }
        let line = start.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
        let text = String(decoding: line, as: UTF8.self)
        return String(text.drop { $0 == " " || $0 == "\t" })
    }

    /// The rest of the first line of the script at a path, or nil for another program.
    static func interpreterLine(ofFile path: String) -> String? {
        (try? Files.start(of: path, limit: 256)).flatMap(interpreterLine)
    }

    /// The kernel's words: `no such file or directory`.
    static func describe(_ error: Errno) -> String {
        let text = error.description
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// ENOENT, EACCES and ENOTDIR do not say what is wrong, so the file is examined again.
    private static func whyNotRun(_ path: String, _ reason: Errno) -> String {
        if let trouble = StartTrouble.look(at: path, searchPath: nil) {
            let isSentence = trouble.mend.hasSuffix(".") || trouble.mend.hasSuffix("?")
            return "\(trouble.found). \(trouble.mend)\(isSentence ? "" : ".")"
        }
        return reason == .execFormatError
            ? "it is not a program. Begin a script with a line such as #!/bin/sh."
            : "\(describe(reason)). A folder above it, or what it needs to start, may not be entered."
    }
}
