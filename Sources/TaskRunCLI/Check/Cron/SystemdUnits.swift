import Platform
import TaskRun
import Text

/// The units of systemd that start something: services, with the timers that start them.
///
/// Source: systemd.unit(5), systemd.timer(5), systemd.exec(5).
struct SystemdUnits {
    /// The files by their paths; of two with one name the first folder's counts.
    let texts: [(path: String, text: String)]
    /// The names of the units that are started without a person.
    let enabled: Set<String>
    /// Whether systemd is at work.
    let isAtWork: Bool

    private static let folders = [
        "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]

    /// All that this user may read.
    static func all() -> [CronTable] {
        let home = CronTable.home(nil)
        let folders = folders + ["\(home)/.config/systemd/user", "/etc/systemd/user"]
        var (texts, names, enabled) = ([(path: String, text: String)](), Set<String>(), Set<String>())
        for path in folders.flatMap(CronTable.files) {
            let name = name(path)
            if name.hasSuffix(".wants") || name.hasSuffix(".requires") {
                enabled.formUnion(CronTable.files(in: path).map(Self.name))
            }
            guard name.hasSuffix(".service") || name.hasSuffix(".timer"), names.insert(name).inserted,
                let text = CronTable.text(path)
            else { continue }
            texts.append((path, text))
        }
        let isAtWork = FileManager.default.fileExists(atPath: "/run/systemd/system")
        return SystemdUnits(texts: texts, enabled: enabled, isAtWork: isAtWork).tables
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// A table for each service that starts something called `once`.
    var tables: [CronTable] {
        let timers = texts.filter { $0.path.hasSuffix(".timer") }.map { path, text in
            let values = Self.values(text)
            let name = Self.name(path)
            return (name: name, service: values["Unit"]?.last ?? "\(name.dropLast(5))service", values: values)
        }
        return texts.filter { $0.path.hasSuffix(".service") && $0.text.contains("once") }.map { path, text in
            let name = Self.name(path)
            return table(path, Self.values(text), timers.filter { $0.service == name }.map { ($0.name, $0.values) })
        }
    }

    /// Reads a service: with a timer each minute, or one that is started again when it ends.
    private func table(
        _ path: String,
        _ values: [String: [String]],
        _ timers: [(name: String, values: [String: [String]])]
    ) -> CronTable {
        let troubles = isAtWork ? troubles(path, values, timers) : [CronTrouble("systemd is not at work here")]
        // The units of the system run as root.
        let isOfSystem = Self.folders.contains(PathText.folder(of: path))
        let user = values["User"]?.last ?? (isOfSystem ? "root" : nil)
        let home = CronTable.home(user)
        var variables = ["HOME": home, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        let files = (values["EnvironmentFile"] ?? []).map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 }
        let given = (values["Environment"] ?? []) + files.compactMap(CronTable.text).flatMap(Self.lines)
        for word in given.flatMap({ ShellCommand.all(in: $0, variables: [:]) }).flatMap(\.words) {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2 { variables[parts[0]] = parts[1] }
        }
        let missing = user.flatMap { getpwnam($0) == nil ? CronTrouble("there is no user \($0)") : nil }
        let starts = (values["ExecStart"] ?? []).map { command in
            CronTable.Start(
                command: String(command.drop { "@-:+!".contains($0) }),
                folder: values["WorkingDirectory"]?.last.map { String($0.drop { $0 == "-" }) } ?? "/",
                variables: variables,
                user: user,
                troubles: troubles + [missing].compactMap(\.self) + Self.shellSigns(command)
            )
        }
        return CronTable(place: path, starts: starts)
    }

    private func troubles(
        _ path: String,
        _ values: [String: [String]],
        _ timers: [(name: String, values: [String: [String]])]
    ) -> [CronTrouble] {
        let name = Self.name(path)
        let isAgain = ["always", "on-success"].contains(values["Restart"]?.last ?? "")
        guard let timer = timers.first(where: { Self.isEachMinute($0.values) }) ?? timers.first else {
            guard isAgain else {
                return [CronTrouble("without a timer beside it, or Restart=always", .seldom)]
            }
            return enabled.contains(name) ? [] : [Self.notEnabled(name)]
        }
        guard isAgain || Self.isEachMinute(timer.values) else {
            return [CronTrouble("by a timer that is not each minute", .seldom)]
        }
        return enabled.contains(timer.name) ? [] : [Self.notEnabled(timer.name)]
    }

    private static func notEnabled(_ name: String) -> CronTrouble {
        CronTrouble("\(name) is not enabled", advice: "Run: systemctl enable --now \(name)")
    }

    /// A command of a unit is no line for sh.
    private static func shellSigns(_ command: String) -> [CronTrouble] {
        let words = command.split(whereSeparator: \.isWhitespace)
        guard let sign = words.first(where: { ["&&", "||", ";", "|", ">", ">>"].contains($0) }),
            !command.contains(" -c ")
        else { return [] }
        let found = "systemd gives \(sign) to the program as a word"
        return [CronTrouble(found, level: .error, advice: "Write ExecStart=/bin/sh -c '…', or WorkingDirectory=.")]
    }

    private static func isEachMinute(_ timer: [String: [String]]) -> Bool {
        let calendar = timer["OnCalendar"]?.last ?? ""
        let pause = timer["OnUnitActiveSec"]?.last ?? timer["OnUnitInactiveSec"]?.last ?? ""
        return ["minutely", "*:*", "*:0/1", "*-*-* *:*:00", "*:*:00", "*-*-* *:*"].contains(calendar)
            || ["1min", "60", "60s", "1m", "1 min", "60 s", "1minute"].contains(pause)
    }

    private static func lines(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map(String.init).filter { !"#;".contains($0.first ?? "#") }
    }

    /// `Name=value` lines, in their order.
    private static func values(_ text: String) -> [String: [String]] {
        var values: [String: [String]] = [:]
        let joined = text.replacing("\\\n", with: " ")
        for line in joined.split(whereSeparator: \.isNewline).map(\.trimmed)
        where !line.isEmpty && !"#;[".contains(line.first ?? "#") {
            let parts = line.split(separator: "=", maxSplits: 1).map { String($0).trimmed }
            if parts.count == 2 { values[parts[0], default: []].append(parts[1]) }
        }
        return values
    }
}
