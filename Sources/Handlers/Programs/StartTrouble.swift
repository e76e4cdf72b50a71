import Platform
import SystemPackage
import Text

/// Why a file cannot be started as a program, and what mends it.
package struct StartTrouble: Sendable, Equatable {
    /// For people, about the file: `it is empty`.
    package let found: String
    /// What to do, mostly a command.
    package let mend: String

    init(_ found: String, _ mend: String) { (self.found, self.mend) = (found, mend) }

    /// Looks at a program and at what it needs to start; it starts nothing.
    ///
    /// - Parameters:
    ///   - path: The program; relative to the working directory of this process.
    ///   - searchPath: The variable `PATH` that it gets, or nil if that does not matter.
    /// - Returns: The trouble, or nil if it starts as far as can be seen.
    package static func look(at path: String, searchPath: String?) -> StartTrouble? {
        decide(StartFacts(path: path, searchPath: searchPath))
    }

    /// Decides it from the facts.
    static func decide(_ facts: StartFacts) -> StartTrouble? {
        guard let program = facts.files.first else { return nil }
        if let trouble = access(program) ?? content(program, facts) { return trouble }
        guard facts.files.count < StartFacts.mostFiles else {
            return StartTrouble("its interpreters lead to each other", "Correct its first line.")
        }
        for (user, needed) in zip(facts.files, facts.files.dropFirst()) {
            if let trouble = need(needed, of: user, facts) { return trouble }
        }
        return nil
    }

    /// Whether the file is there, and may be run.
    private static func access(_ file: StartFacts.File) -> StartTrouble? {
        let path = ShellWord.quoted(file.path)
        guard let status = file.status else {
            if let link = file.link {
                let isLoop = file.reason == .tooManySymbolicLinkLevels
                let what = isLoop ? "one of links that lead to each other" : "a link to nothing"
                return StartTrouble("it is \(what): \(link)", "Put a file there, or run: rm \(path)")
            }
            let reason = SpawnFailure.describe(file.reason ?? .noSuchFileOrDirectory)
            return StartTrouble(reason, "Has it been moved, or not been installed?")
        }
        guard status.kind == .file else { return StartTrouble("it is not a file any more", "Put a file there.") }
        guard status.hasRunBit else { return StartTrouble("it has no run bit", "chmod +x \(path)") }
        // On such a mount access(2) says no as well.
        if let mount = status.mountPoint {
            let found = "it lies on a file system from which no program may be started (mounted noexec)"
            return StartTrouble(found, "Move it, or run as root: mount -o remount,exec \(ShellWord.quoted(mount))")
        }
        guard status.isExecutable else {
            let mode = String(status.permissions, radix: 8)
            return StartTrouble("this user may not run it (mode \(mode))", "Run as its owner: chmod a+rx \(path)")
        }
        return nil
    }

    /// Whether the file begins as a program does.
    private static func content(_ file: StartFacts.File, _ facts: StartFacts) -> StartTrouble? {
        let path = ShellWord.quoted(file.path)
        let begin = "Begin a script with a line such as "
        if file.status?.size == 0 {
            return StartTrouble("it is empty", "\(begin)\(shebang(for: file.path)), or run: rm \(path)")
        }
        guard let start = file.start, !start.isEmpty else { return nil }
        if let line = ScriptLine(start) { return script(line, file, facts) }
        if ELFHeader.isMeant(start) { return program(ELFHeader(start), facts) }
        if start.starts(with: [0xef, 0xbb, 0xbf]) {
            let what = start.dropFirst(3).starts(with: "#!".utf8) ? " before #!" : ""
            let found = "it begins with a byte order mark\(what)"
            return StartTrouble(found, "Run: sed -i '1s/^\\xEF\\xBB\\xBF//' \(path)")
        }
        if start.starts(with: [0xff, 0xfe]) || start.starts(with: [0xfe, 0xff]) {
            return StartTrouble("it is UTF-16 text", "Save it as UTF-8 without a byte order mark.")
        }
        if start.drop(while: { " \t\r\n".utf8.contains($0) }).starts(with: "#!".utf8) {
            let command = "sed -i -e '/./,$!d' -e 's/^[[:space:]]*#!/#!/' \(path)"
            return StartTrouble("white space stands before its #!", "Run: \(command)")
        }
        let others: [(begin: [UInt8], found: String, mend: String)] = [
            (Array("MZ".utf8), "it is a program for Windows", "Put one for Linux there."),
            ([0xcf, 0xfa, 0xed, 0xfe], "it is a program for macOS", "Put one for Linux there."),
            (
                Array("PK\u{3}\u{4}".utf8), "it is an archive, such as a .jar",
                "Put a script there that starts it, such as #!/bin/sh and exec java -jar FILE.jar"
            ),
        ]
        if !facts.startsMore, let other = others.first(where: { start.starts(with: $0.begin) }) {
            return StartTrouble(other.found, other.mend)
        }
        guard !facts.startsMore else { return nil }
        let line = shebang(for: file.path)
        return StartTrouble("it is not a program", "\(begin)\(line): sed -i '1i \(line)' \(path)")
    }

    private static func script(_ line: ScriptLine, _ file: StartFacts.File, _ facts: StartFacts) -> StartTrouble? {
        let path = ShellWord.quoted(file.path)
        if line.text.hasSuffix("\r") {
            let found = "its first line, #!\(line.text.dropLast()), ends in a carriage return"
            return StartTrouble(found, "Save it with Unix line ends: sed -i 's/\\r$//' \(path)")
        }
        if line.interpreter.isEmpty {
            return StartTrouble("its first line names no interpreter", "Write \(shebang(for: file.path)) there.")
        }
        if line.isTooLong {
            let found = "its first line is longer than the \(ScriptLine.most - 1) bytes that Linux reads of it"
            return StartTrouble(found, "Shorten it, with a link to the interpreter at a shorter path.")
        }
        if !line.interpreter.contains("/") {
            let found = "its first line names \(line.interpreter) without a path, and Linux does not search PATH"
            let name = line.interpreter
            return StartTrouble(found, "Run: sed -i '1s|^#![[:space:]]*\(name)|#!/usr/bin/env \(name)|' \(path)")
        }
        guard line.isEnv else { return nil }
        let words = line.argument.split { $0 == " " || $0 == "\t" }
        if words.count > 1, !line.isSplit {
            let found = "its first line gives env \"\(line.argument)\" as one word, which names no program"
            return StartTrouble(found, "Run: sed -i '1s|env |env -S |' \(path)")
        }
        guard let sought = line.soughtByEnv else {
            let found = "its first line names no program behind env, which then prints its variables and succeeds"
            return StartTrouble(found, "Write \(shebang(for: file.path)) there.")
        }
        guard !sought.contains("/"), let searchPath = facts.searchPath, let places = facts.found[sought],
            places.along == nil
        else { return nil }
        // A long one is known to the person who has it.
        let folders = searchPath.count <= 60 ? " (\(searchPath))" : ""
        let found = "its interpreter \(sought) is not found along PATH\(folders)"
        let mend = places.usual.map { "Write \($0) into its first line, or add its folder to PATH." }
        return StartTrouble(found, mend ?? "Install it, or correct the first line or PATH.")
    }

    private static func program(_ header: ELFHeader?, _ facts: StartFacts) -> StartTrouble? {
        guard let header else { return StartTrouble("it is a program that was cut off", "Copy it there again.") }
        guard let trouble = machineTrouble(header, facts) else { return nil }
        return StartTrouble("it \(trouble)", "Build it for this machine, or install the right version.")
    }

    /// Older programs of one family start on newer machines.
    private static func machineTrouble(_ header: ELFHeader, _ facts: StartFacts) -> String? {
        let families: [(old: UInt16, new: UInt16)] = [(3, 62), (40, 183), (20, 21)]
        guard let own = facts.machine, header.machine != own, !facts.startsMore,
            !families.contains(where: { $0.old == header.machine && $0.new == own })
        else { return nil }
        return "was built for \(ELFHeader.name(of: header.machine)), and this machine is \(ELFHeader.name(of: own))"
    }

    /// Whether an interpreter or a loader can be used.
    private static func need(
        _ file: StartFacts.File,
        of user: StartFacts.File,
        _ facts: StartFacts
    ) -> StartTrouble? {
        let isLoader = user.start.map(ELFHeader.isMeant) ?? false
        let what = isLoader ? "the loader that it was linked for, \(file.path)," : "its interpreter \(file.path)"
        let name = file.path.split(separator: "/").last.map(String.init) ?? ""
        let other = isLoader ? nil : facts.found[name].flatMap { $0.along ?? $0.usual }
        let mend =
            isLoader
            ? "Install it, or build the program for this system."
            : other.map { "Run: sed -i '1s|\(file.path)|\($0)|' \(ShellWord.quoted(user.path))" }
                ?? "Install it or correct the first line."
        guard let status = file.status else { return StartTrouble("\(what) is missing", mend) }
        guard status.kind == .file else { return StartTrouble("\(what) is not a file", mend) }
        guard status.mountPoint == nil else { return StartTrouble("\(what) lies on a mount with noexec", mend) }
        guard status.isExecutable else {
            let mode = String(status.permissions, radix: 8)
            return StartTrouble("\(what) may not be run (mode \(mode))", mend)
        }
        guard let start = file.start else { return nil }
        if let header = ELFHeader(start), let trouble = machineTrouble(header, facts) {
            return StartTrouble("\(what) \(trouble)", mend)
        }
        if status.size == 0 || !ELFHeader.isMeant(start) && ScriptLine(start) == nil && !facts.startsMore {
            return StartTrouble("\(what) is not a program", mend)
        }
        return nil
    }

    /// A first line for a script, by the extension of its name.
    private static func shebang(for path: String) -> String {
        let names = [
            "php": "php", "py": "python3", "rb": "ruby", "js": "node", "mjs": "node", "pl": "perl", "lua": "lua",
            "bash": "bash", "tcl": "tclsh",
        ]
        let suffix = path.split(separator: "/").last?.split(separator: ".").dropFirst().last.map { $0.lowercased() }
        return suffix.flatMap { names[$0] }.map { "#!/usr/bin/env \($0)" } ?? "#!/bin/sh"
    }
}
