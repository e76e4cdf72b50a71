import Platform

/// The interpreter that a script's first line names, and whether a program that ended at once ever began.
struct Interpreter: Equatable {
    /// The program in the line itself: `/usr/bin/env`, `/bin/sh`.
    let path: String
    /// The program that env(1) must find along `PATH`, or nil if the line names another interpreter.
    let sought: String?

    /// Parses the rest of a first line, after `#!`.
    init(line: String) {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        path = words.first ?? ""
        guard path.utf8.elementsEqual("env".utf8) || path.hasSuffix("/env") else {
            sought = nil
            return
        }
        sought = words.dropFirst().first { !$0.hasPrefix("-") && !$0.contains("=") }
    }

    /// Whether env(1) would not find that program.
    func isMissing(along searchPath: String?) -> Bool {
        guard let sought else { return false }
        if sought.contains("/") { return access(sought, X_OK) != 0 }
        // The default of execvp(3).
        let folders = (searchPath ?? "/bin:/usr/bin").split(separator: ":", omittingEmptySubsequences: false)
        return !folders.contains { access("\($0.isEmpty ? "." : $0)/\(sought)", X_OK) == 0 }
    }

    /// Why a program never began that ended with a shell's status for "not found", or nil if it began as far as is
    /// known.
    ///
    /// The dynamic linker writes its one line, always in English, before the program's first instruction: ld.so(8).
    ///
    /// - Parameters:
    ///   - status: How it ended.
    ///   - said: The first bytes that it wrote to stderr.
    ///   - path: The program.
    ///   - line: The rest of its first line, for a script.
    ///   - searchPath: The variable `PATH` that it got.
    /// - Returns: The text to report.
    static func whyNotBegun(
        _ status: ProgramEnd,
        said: [UInt8],
        path: String,
        line: @autoclosure () -> String?,
        searchPath: String?
    ) -> String? {
        guard status == .exited(127) || status == .exited(126) else { return nil }
        let interpreter = line().map { Interpreter(line: $0) }
        if let interpreter, let sought = interpreter.sought, interpreter.isMissing(along: searchPath) {
            return "cannot start \(path): its interpreter \(sought) is not found along PATH. "
                + "Install it, or correct the first line or PATH."
        }
        let names = [path, interpreter?.path, interpreter?.sought].compactMap(\.self).filter { !$0.isEmpty }
        guard names.contains(where: { said.starts(with: "\($0): error while loading shared libraries: ".utf8) }) else {
            return nil
        }
        let words = String(decoding: said.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return "cannot start \(path): \(words). Install what is missing."
    }
}
