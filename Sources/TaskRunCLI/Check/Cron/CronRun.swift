import Platform
import TaskRun
import Text

/// A run as a line starts it: which program, where, and for what.
struct CronRun {
    /// The program as it is written.
    let program: String
    /// The folder in which it begins.
    let folder: String
    /// The environment.
    let variables: [String: String]
    /// The options behind the program's name, by name; a flag has an empty value.
    let options: [String: [String]]

    /// Finds the first command that is a run of this program.
    ///
    /// - Parameters:
    ///   - line: What sh is given.
    ///   - program: The program's name.
    ///   - folder: Where sh begins.
    ///   - variables: The environment of sh.
    init?(_ line: String, program: String, folder: String, variables: [String: String]) {
        var (folder, variables) = (folder, variables)
        for command in ShellCommand.all(in: line, variables: variables) {
            var words = command.words[...]
            while let word = words.first, let (name, value) = Self.assignment(word) {
                variables[name] = value
                words = words.dropFirst()
            }
            if words.first == "cd", words.count > 1, let target = words.last { folder = PathText.join(folder, target) }
            if words.first == "export" {
                for case let (name, value)? in words.map(Self.assignment) { variables[name] = value }
            }
            guard let place = words.firstIndex(where: { $0.split(separator: "/").last.map(String.init) == program }),
                words[place...].dropFirst().contains("once")
            else { continue }
            // env and the like: what they set stands before the program.
            for case let (name, value)? in words[..<place].map(Self.assignment) { variables[name] = value }
            (self.program, self.folder, self.variables) = (words[place], folder, variables)
            options = Self.options(Array(words[place...].dropFirst()))
            return
        }
        return nil
    }

    private static func assignment(_ word: String) -> (String, String)? {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].first, !first.isNumber,
            parts[0].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    private static func options(_ words: [String]) -> [String: [String]] {
        var options: [String: [String]] = [:]
        var rest = words[...]
        let flags = ["--fair", "--drain", "--linger", "--fail-on-failed", "--json"]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else { continue }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let value = flags.contains(name) ? "" : parts.count == 2 ? String(parts[1]) : rest.popFirst() ?? ""
            options[name, default: []].append(value)
        }
        return options
    }

    /// The program's file, or nil if there is none that can be run.
    var file: String? {
        let places =
            program.contains("/")
            ? [PathText.join(folder, program)]
            : (variables["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { PathText.join(String($0), program) }
        return places.first { path in
            let kind =
                try? FileManager.default.attributesOfItem(atPath: PathText.real(path))[.type] as? FileAttributeType
            return kind == .typeRegular && FileManager.default.isExecutableFile(atPath: path)
        }
    }

    /// Whether something in it is known to sh alone.
    var isUnknown: Bool {
        ([program, folder] + options.values.flatMap(\.self)).contains { $0.contains("$") || $0.contains("`") }
    }

    /// The settings of this run, its paths absolute.
    ///
    /// - Throws: ``ProgramError`` as the run itself would.
    func settings() throws(ProgramError) -> Settings {
        let flags = [
            (SettingTable.database.key, "--database"), (SettingTable.handlers.key, "--handlers"),
        ].compactMap { key, option in options[option]?.last.map { (key, $0) } }
        return try Settings(
            flags: Dictionary(flags) { $1 },
            config: options["--config"]?.last,
            variables: variables.filter { $0.key.hasPrefix("TASKRUN_") },
            cores: 1,
            in: folder
        )
    }

    /// The queues that it claims from, or nil for all.
    var queues: QueueFilter? {
        QueueFilter.all(
            of: QueueFilter.groups((options["--queue"] ?? []).flatMap { $0.split(separator: ",").map(\.trimmed) })
        )
    }

    /// The names that it performs; none: all.
    var names: [String] { (options["--only"] ?? []).flatMap { $0.split(separator: ",").map(\.trimmed) } }
}
