import Subprocess
import SystemPackage

/// Why a program could not be started, in words: the error number alone says "no such file" of a missing interpreter too.
enum SpawnFailure {
    /// Says what failed, on what, why, and what to do.
    static func text(_ error: any Error, path: String, workingDirectory: String) -> String {
        guard let error = error as? SubprocessError else { return "cannot start \(path): \(error)" }
        let reason = error.underlyingError.map(describe) ?? "unknown reason"
        switch error.code {
        case .executableNotFound:
            return "cannot start \(path): " + whyNotRun(path)
        case .failedToChangeWorkingDirectory:
            return "cannot start \(path): its working directory \(workingDirectory) cannot be entered: \(reason)."
        case .spawnFailed where error.underlyingError == .execFormatError:
            return "cannot start \(path): it is no program. Begin a script with a line such as #!/bin/sh."
        case .spawnFailed where error.underlyingError == .textFileBusy:
            return "cannot start \(path): it is being written to."
        case .failedToMonitorProcess:
            return "cannot learn how \(path) ended: \(reason)."
        default:
            return "cannot start \(path): \(reason)."
        }
    }

    /// The rest of the first line of a script, after `#!`: the interpreter and its argument.
    static func interpreterLine(_ start: [UInt8]) -> String? {
        guard start.starts(with: Array("#!".utf8)) else { return nil }
        let line = start.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
        let text = String(decoding: line, as: UTF8.self)
        return String(text.drop { $0 == " " || $0 == "\t" })
    }

    /// The rest of the first line of the script at a path; nil for another program.
    static func interpreterLine(ofFile path: String) -> String? {
        (try? Files.start(of: path, limit: 256)).flatMap(interpreterLine)
    }

    /// The kernel's words: `no such file or directory`.
    static func describe(_ error: Errno) -> String {
        let text = error.description
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// ENOENT, EACCES and ENOTDIR come as one error, so the file is looked at again.
    private static func whyNotRun(_ path: String) -> String {
        let status: FileStatus
        do {
            status = try FileStatus(path: path)
        } catch {
            return "\(describe(error)). Has it been moved, or not been installed?"
        }
        guard status.kind == .file else { return "it is no file any more." }
        guard status.hasRunBit else { return "it has no run bit. chmod +x \(path)" }
        guard status.isExecutable else {
            return "this user may not run it (mode \(String(status.permissions, radix: 8)))."
        }
        guard let line = interpreterLine(ofFile: path) else {
            return "the loader that it was linked for is missing, or a folder above it may not be entered."
        }
        let interpreter = String(line.prefix { $0 != " " && $0 != "\t" })
        if interpreter.hasSuffix("\r") {
            return
                "its first line, #!\(interpreter.dropLast()), ends in a carriage return. Save it with Unix line ends."
        }
        return "its interpreter \(interpreter) is missing or may not be run. Install it or correct the first line."
    }
}
