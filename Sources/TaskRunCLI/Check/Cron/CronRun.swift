import Platform
import TaskRun
import Text

/// A run as a line starts it: which program, where, and for what.
struct CronRun {
    /// Something that must be there, or the run does not begin.
    enum Need: Equatable {
        /// A folder that the line enters.
        case folder(String)
        /// A file that the line reads variables from.
        case file(String)
        /// A program that starts the run: `nice`.
        case starter(String)
        /// A file that the line writes to.
        case output(String)
    }

    /// The program as it is written.
    let program: String
    /// The folder in which it begins.
    let folder: String
    /// The environment.
    let variables: [String: String]
    /// The words behind the program's name.
    let arguments: [String]
    /// The options behind the program's name, by name; a flag has an empty value.
    let options: [String: [String]]
    /// What must be there, in the order of the line.
    let needs: [Need]
    /// Whether it is started for another user, by `sudo` or the like.
    let isForOther: Bool

    /// Finds the first command that is a run of this program.
    ///
    /// - Parameters:
    ///   - line: What sh is given.
    ///   - program: The program's name.
    ///   - folder: Where sh begins.
    ///   - variables: The environment of sh.
    ///   - text: The text of a file that the line reads, or nil if there is none.
    init?(
        _ line: String,
        program: String,
        folder: String,
        variables: [String: String],
        text: (String) -> String? = { _ in nil }
    ) {
        var (folder, variables, needs) = (folder, variables, [Need]())
        for command in ShellCommand.all(in: line, variables: variables) {
            var words = command.words[...]
            while let word = words.first, let (name, value) = Self.assignment(word) {
                variables[name] = value
                words = words.dropFirst()
            }
            if words.first == "cd", words.count > 1, let target = words.last {
                folder = PathText.join(folder, target)
                needs.append(.folder(folder))
            }
            if words.first == "." || words.first == "source", words.count > 1, let target = words.last {
                let path = PathText.join(folder, target)
                needs.append(.file(path))
                variables.merge(Self.assignments(text(path) ?? "", variables)) { $1 }
            }
            if words.first == "export" {
                for case let (name, value)? in words.map(Self.assignment) { variables[name] = value }
            }
            let name = { (word: String) in word.split(separator: "/").last.map(String.init) ?? "" }
            let outputs = command.outputs.map { Need.output(PathText.join(folder, $0)) }
            // sh -c 'LINE'
            if let first = words.first, let shell = words.firstIndex(where: { Self.shells.contains(name($0)) }),
                let flag = words[shell...].dropFirst().firstIndex(where: { $0.hasPrefix("-") && $0.contains("c") }),
                words.index(after: flag) < words.endIndex,
                let inner = CronRun(
                    words[words.index(after: flag)],
                    program: program,
                    folder: folder,
                    variables: variables,
                    text: text
                )
            {
                self = inner.needing(needs + [.starter(first)] + outputs)
                return
            }
            guard let place = words.firstIndex(where: { name($0) == program }),
                words[place...].dropFirst().contains("once")
            else { continue }
            // env and the like: what they set stands before the program.
            for case let (name, value)? in words[..<place].map(Self.assignment) { variables[name] = value }
            if place > words.startIndex, let first = words.first { needs.append(.starter(first)) }
            (self.program, self.folder, self.variables) = (words[place], folder, variables)
            arguments = Array(words[place...].dropFirst())
            options = Self.options(arguments)
            isForOther = words[..<place].contains { Self.otherUsers.contains(name($0)) }
            self.needs = needs + outputs
            return
        }
        return nil
    }

    private static let shells: Set<String> = ["sh", "bash", "dash", "ash", "zsh", "ksh"]

    /// Programs that start another one for another user.
    private static let otherUsers: Set<String> = [
        "sudo", "su", "runuser", "setpriv", "doas", "chpst", "gosu", "chroot",
    ]

    private init(_ run: CronRun, needs: [Need]) {
        (program, folder, variables, arguments) = (run.program, run.folder, run.variables, run.arguments)
        (options, isForOther, self.needs) = (run.options, run.isForOther, needs)
    }

    /// The same run behind more needs.
    private func needing(_ more: [Need]) -> CronRun { CronRun(self, needs: more + needs) }

    private static func assignment(_ word: String) -> (String, String)? {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].first, !first.isNumber,
            parts[0].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    /// The variables that a file for `.` sets, as far as they stand at the beginning of a command.
    private static func assignments(_ text: String, _ variables: [String: String]) -> [String: String] {
        var found: [String: String] = [:]
        for command in ShellCommand.all(in: text, variables: variables) {
            let words = command.words.first == "export" ? command.words.dropFirst() : command.words[...]
            for word in words {
                guard let (name, value) = assignment(word) else { break }
                found[name] = value
            }
        }
        return found
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

    /// Where the program may be, in the order in which sh looks.
    var places: [String] {
        program.contains("/") ? [PathText.join(folder, program)] : places(of: program)
    }

    /// Where sh looks for a program that is written without a slash.
    func places(of program: String) -> [String] {
        (variables["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { PathText.join(String($0), program) }
    }

    /// Whether something in it is known to sh alone.
    var isUnknown: Bool {
        ([program, folder] + options.values.flatMap(\.self)).contains { $0.contains("$") || $0.contains("`") }
    }

    /// How long it stays although nothing is due, or nil if it ends then.
    var stay: Duration? {
        guard options["--linger"] != nil else { return nil }
        return options["--window"]?.last.flatMap(DurationText.parse) ?? OnceCommand.lingerWindow
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
