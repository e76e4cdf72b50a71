import TaskRun
import Text

/// One entry of the handlers or the hooks folder.
///
/// It decides from the name, the status and the first bytes what the entry is.
struct FolderEntry: Sendable {
    /// The folder that contains it.
    var folder = ProgramFolder.handlers
    /// The file's name.
    let name: String
    /// Its path, for people and commands.
    let path: String
    /// Its status from stat(2), or nil if there is none (a link to nothing).
    let status: FileStatus?
    /// Its first bytes; empty if it cannot be read.
    let start: [UInt8]
    /// Where it leads, if it is a link to nothing.
    var link: String?

    /// What an entry is.
    enum Kind: Equatable {
        case executable(name: String)
        case stream(name: String)
        case sql(name: String)
        case none
    }

    /// Decides what the entry is, and what to report about it.
    func decide() -> (kind: Kind, findings: [Finding]) {
        guard !isIgnored else { return (.none, []) }
        guard let status else { return (.none, [linkToNothing]) }
        guard status.kind == .file else { return (.none, []) }
        let (stem, suffix, isStream) = split
        let isSQL = suffix == "sql"
        guard isSQL || status.hasRunBit else { return (.none, isStream || looksLikeHandler ? [noRunBit] : []) }
        // If every file has the run bit, only a file that begins as a program is one.
        guard isSQL || !status.isOpenToAll || beginsAsProgram else { return (.none, []) }
        if let problem = TaskName.problem(stem) {
            let found = "\(shownPath) cannot be a handler: no task can have that name (\(problem))"
            return (.none, [warning(found, advice: "Rename it, or move it elsewhere.")])
        }
        guard isSQL || status.isExecutable else { return (.none, [notForUs(status)]) }
        let kind: Kind = isSQL ? .sql(name: stem) : isStream ? .stream(name: stem) : .executable(name: stem)
        return (kind, isSQL || isStream ? [] : misspelledStream)
    }

    /// The finding for `REVERSE.steam.py`, which is a program for each task, but probably a misspelled stream handler.
    private var misspelledStream: [Finding] {
        let (stem, suffix) = Self.cut(name)
        let (inner, mark) = Self.cut(stem)
        let isMeant = { Spelling.nearest(to: $0, among: ["stream"]) != nil }
        guard isMeant(suffix) || isMeant(mark) else { return [] }
        let meant = isMeant(suffix) ? "\(stem).stream" : "\(inner).stream\(name.dropFirst(stem.count))"
        let found = "\(shownPath) is started again for each task, because it is not a stream handler"
        return [warning(found, advice: "Did you mean \(meant)?")]
    }

    /// Whether it is a hidden file, or one that an editor left behind.
    var isIgnored: Bool {
        name.hasPrefix(".") || [".bak", ".orig", ".swp", "~"].contains { name.hasSuffix($0) }
            || (name.hasPrefix("#") && name.hasSuffix("#"))
    }

    /// The name without one extension, the extension in lower case, and whether `.stream` stood before or in its place.
    ///
    /// `a.b.PHP` gives `a.b` and `php`; `a.stream.py` and `a.stream` give `a`, and are streams.
    private var split: (stem: String, suffix: String, isStream: Bool) {
        let (stem, suffix) = Self.cut(name)
        guard suffix != "stream" else { return (stem, "", true) }
        let (inner, mark) = Self.cut(stem)
        return mark == "stream" && suffix != "sql" ? (inner, suffix, true) : (stem, suffix, false)
    }

    static func cut(_ name: String) -> (stem: String, suffix: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex, name.index(after: dot) != name.endIndex else {
            return (name, "")
        }
        return (String(name[..<dot]), name[name.index(after: dot)...].lowercased())
    }

    /// Whether a file without run bit was meant to be run: a script or a program, not a document.
    var looksLikeHandler: Bool {
        let scripts = ["php", "py", "rb", "pl", "sh", "bash", "zsh", "js", "mjs", "ts", "lua", "tcl", "awk", "r"]
        return scripts.contains(split.suffix) || beginsAsProgram
    }

    /// Whether it begins as a script or as a program.
    var beginsAsProgram: Bool {
        let elf: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]
        // A byte order mark before #! is a fault that is named when the file has the run bit.
        return [Array("#!".utf8), [0xef, 0xbb, 0xbf, 0x23], elf].contains { start.starts(with: $0) }
    }

    var linkToNothing: Finding {
        let target = link.map { ": \(Self.shown($0))" } ?? ""
        let advice = "Put a file there, or run: rm \(ShellWord.quoted(shownPath))"
        return warning("\(shownPath) is a link to nothing\(target)", advice: advice)
    }

    var noRunBit: Finding {
        warning("\(shownPath) has no run bit, so it is not a \(folder.content)", advice: "chmod +x \(shownPath)")
    }

    /// The finding for a file that others may change, so that it is not used.
    func notObeyed(_ fault: PathTrust.Fault) -> Finding {
        Finding(
            .error,
            folder.setting,
            fault.sentence("the \(folder.content)", shownPath),
            advice: fault.advice
        )
    }

    func notForUs(_ status: FileStatus) -> Finding {
        if let mount = status.mountPoint {
            let found = "\(shownPath) lies on a file system from which no program may be started (mounted noexec)"
            let command = "mount -o remount,exec \(ShellWord.quoted(mount))"
            let advice = "Move the \(folder.setting) folder to another file system, or run as root: \(command)"
            return warning(found, advice: advice)
        }
        let mode = String(status.permissions, radix: 8)
        let found = "\(shownPath) may not be run by this user (mode \(mode)), so it is not a \(folder.content) here"
        return warning(found, advice: "Run taskrun as its owner, or chmod a+x \(shownPath)")
    }

    func warning(_ found: String, advice: String?) -> Finding {
        Finding(.warning, folder.setting, found, advice: advice)
    }

    /// The path without control characters, which must not reach a terminal.
    var shownPath: String { Self.shown(path) }

    private static func shown(_ path: String) -> String {
        String(path.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "?" : $0 })
    }
}
