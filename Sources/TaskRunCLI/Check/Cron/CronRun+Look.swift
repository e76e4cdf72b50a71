import Handlers
import Platform
import TaskRun

/// What of a line is there on this machine, and may be used by the line's user.
extension CronRun {
    /// Why the run does not begin.
    ///
    /// - Parameters:
    ///   - user: The line's user, or nil for this one.
    ///   - own: This program's file.
    /// - Returns: The troubles, in the order of the line.
    func obstacles(for user: UserAccess?, own: String) -> [CronTrouble] {
        needs.compactMap { obstacle($0, for: user) } + programTroubles(for: user, own: own)
    }

    private static let builtins: Set<String> = ["exec", "command", "eval", "time", "!", "if", "then", "do", "while"]

    private func obstacle(_ need: Need, for user: UserAccess?) -> CronTrouble? {
        switch need {
        case .folder(let path), .file(let path), .output(let path), .starter(let path):
            guard !path.contains("$"), !path.contains("`") else { return nil }
        }
        switch need {
        case .folder(let path):
            guard status(path)?.isFolder == true else {
                return CronTrouble("there is no folder \(path)", level: .error)
            }
            return Self.denied(user, path, .execute, "enter")
        case .file(let path):
            guard status(path) != nil else { return CronTrouble("there is no file \(path)", level: .error) }
            return Self.denied(user, path, .read, "read")
        case .starter(let word):
            guard !Self.builtins.contains(word) else { return nil }
            let places = word.contains("/") ? [PathText.join(folder, word)] : places(of: word)
            guard !places.contains(where: { status($0)?.isProgram == true }) else { return nil }
            let path = variables["PATH"] ?? "/usr/bin:/bin"
            let isUser = !word.contains("/") && getpwnam(word) != nil
            let what = word.contains("/") ? word : "\(word) in its PATH, \(path)"
            let advice = isUser ? "Leave out the user \(word): only tables of the system name one." : nil
            return CronTrouble("there is no program \(what)", level: .error, advice: advice)
        case .output(let path):
            let parent = PathText.folder(of: path)
            guard status(parent.isEmpty ? "." : parent)?.isFolder == true else {
                let found = "there is no folder \(parent) for its output, so sh does not start it"
                return CronTrouble(found, level: .error, advice: "Run: mkdir -p \(CommandWords.quoted(parent))")
            }
            return Self.denied(user, status(path) == nil ? parent : path, .write, "write to")
        }
    }

    /// Whether the program is there, may be run, and is this one.
    private func programTroubles(for user: UserAccess?, own: String) -> [CronTrouble] {
        guard !isUnknown else { return [] }
        guard let file = places.first(where: { status($0)?.isProgram == true }) else {
            // One that is there without being a program says why.
            guard let found = places.first(where: { status($0) != nil }) else {
                let path = variables["PATH"] ?? "/usr/bin:/bin"
                let isPath = program.contains("/")
                let what = isPath ? PathText.join(folder, program) : "\(program) in its PATH, \(path)"
                return [CronTrouble("there is no program \(what)", level: .error)]
            }
            if status(found)?.isFolder == true { return [CronTrouble("\(found) is a folder", level: .error)] }
            let advice = "Run: chmod +x \(CommandWords.quoted(found))"
            return [CronTrouble("\(found) has no run bit", level: .error, advice: advice)]
        }
        if let denied = Self.denied(user, file, .execute, "run") { return [denied] }
        guard user != nil || access(file, X_OK) == 0 else {
            return [CronTrouble("this user may not run \(file)", level: .error)]
        }
        guard !Self.isSame(file, own) else { return [] }
        return [CronTrouble("\(file) is another program than this one, \(own)")]
    }

    /// What the line's user lacks of the database and the handlers.
    func lacks(_ settings: Settings, for user: UserAccess?) -> [CronTrouble] {
        guard let user else { return [] }
        var troubles: [CronTrouble] = []
        if case .sqlite(let path) = settings.database {
            // SQLite makes files beside its own.
            for place in [path, PathText.folder(of: path)] where troubles.isEmpty && !place.isEmpty {
                troubles += [Self.denied(user, place, .write, "write to")].compactMap(\.self)
            }
        }
        var trust = PathTrust(user: user.number)
        if status(settings.handlers)?.isFolder == true, let fault = trust.fault(of: settings.handlers) {
            let found = "as \(user.name), " + fault.sentence("the handlers folder", settings.handlers)
            troubles.append(CronTrouble(found, level: .error, advice: fault.advice))
        }
        return troubles
    }

    private static func denied(
        _ user: UserAccess?,
        _ path: String,
        _ right: UserAccess.Right,
        _ verb: String
    ) -> CronTrouble? {
        guard let user, let obstacle = user.obstacle(to: path, right) else { return nil }
        let way = obstacle == PathText.real(path) ? "" : ": it may not enter \(obstacle)"
        return CronTrouble("the user \(user.name) may not \(verb) \(path)\(way)", level: .error)
    }

    private struct Status {
        let isFolder, isProgram: Bool
    }

    private func status(_ path: String) -> Status? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let kind = mode_t(status.st_mode) & S_IFMT
        return Status(isFolder: kind == S_IFDIR, isProgram: kind == S_IFREG && status.st_mode & 0o111 != 0)
    }

    /// Whether two files are one, or have the same content.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(one, &first) == 0, stat(other, &second) == 0 else { return false }
        if first.st_dev == second.st_dev, first.st_ino == second.st_ino { return true }
        return first.st_size == second.st_size && FileManager.default.contentsEqual(atPath: one, andPath: other)
    }
}
