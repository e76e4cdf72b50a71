import Platform
import TaskRun
import Text

/// A file that says what is to be started, and when: a crontab, or a unit of systemd.
struct CronTable {
    /// Something that it starts.
    struct Start {
        /// What sh is given.
        let command: String
        /// Where it begins.
        let folder: String
        /// Its environment.
        let variables: [String: String]
        /// Why that is not each minute, or nil if it is.
        let trouble: String?
    }

    /// For people: `this user's crontab`, `/etc/cron.d/app`.
    let place: String
    /// Whether a cron daemon reads it.
    let isOfCron: Bool
    let starts: [Start]
    /// Why nothing in it is started.
    var trouble: (found: String, advice: String)?

    /// All of them that this user may read.
    static func all() -> [CronTable] {
        let user = userCrontab().map { CronTable(text: $0, place: "this user's crontab", hasUsers: false) }
        let system = (["/etc/crontab"] + files(in: "/etc/cron.d")).compactMap { path in
            text(path).map { CronTable(text: $0, place: path, hasUsers: true).judgingFile(path) }
        }
        let units = ["/etc/systemd/system", "/usr/local/lib/systemd/system", "\(home(nil))/.config/systemd/user"]
            .flatMap {
                files(in: $0).filter { $0.hasSuffix(".service") }
            }
        return [user].compactMap(\.self) + system + units.compactMap(unit)
    }

    /// Reads a crontab.
    init(text: String, place: String, hasUsers: Bool) {
        (self.place, isOfCron) = (place, true)
        starts = CronJob.all(in: text, hasUsers: hasUsers).map { job in
            let home = Self.home(job.user)
            let variables = ["HOME": home, "PATH": "/usr/bin:/bin"].merging(job.variables) { $1 }
            let isKnown = job.user.map { getpwnam($0) != nil } ?? true
            let trouble =
                !isKnown
                ? "there is no user \(job.user ?? "")"
                : job.schedule.isEachMinute ? nil : "at \"\(job.schedule.text)\", which is not each minute"
            return Start(command: job.command, folder: home, variables: variables, trouble: trouble)
        }
        if !text.isEmpty, text.last?.isNewline != true, !starts.isEmpty {
            trouble = ("its last line has no line end, so cron may pass it over", "End the file with an empty line.")
        }
    }

    private init(place: String, starts: [Start]) { (self.place, self.starts, isOfCron) = (place, starts, false) }

    /// The same, with what keeps cron from reading the file.
    ///
    /// Source: cron(8) of Debian.
    private func judgingFile(_ path: String) -> CronTable {
        var table = self
        let name = path.split(separator: "/").last ?? ""
        var status = stat()
        if path.hasPrefix("/etc/cron.d/"), name.contains(".") {
            table.trouble = ("cron ignores files with a dot in their names", "Rename the file.")
        } else if stat(path, &status) == 0, status.st_uid != 0 || status.st_mode & 0o022 != 0 {
            let found = "cron ignores a file that another user than root owns or may write to"
            table.trouble = (found, "Run: chown root: \(path) && chmod go-w \(path)")
        }
        return table
    }

    /// Reads a unit of systemd: with a timer each minute, or one that is started again when it ends.
    private static func unit(_ path: String) -> CronTable? {
        guard let text = text(path) else { return nil }
        let values = values(text)
        let timer = Self.text(String(path.dropLast("service".count)) + "timer").map(Self.values)
        let isEachMinute =
            timer.map { timer in
                let calendar = timer["OnCalendar"]?.last ?? ""
                let pause = timer["OnUnitActiveSec"]?.last ?? timer["OnUnitInactiveSec"]?.last ?? ""
                return ["minutely", "*:*", "*:0/1", "*-*-* *:*:00", "*:*:00", "*-*-* *:*"].contains(calendar)
                    || ["1min", "60", "60s", "1m", "1 min"].contains(pause)
            } ?? ["always", "on-success"].contains(values["Restart"]?.last ?? "")
        let trouble =
            isEachMinute
            ? nil : timer == nil ? "without a timer beside it, or Restart=always" : "by a timer that is not each minute"
        let words = (values["Environment"] ?? []).flatMap { ShellCommand.all(in: $0, variables: [:]) }.flatMap(\.words)
        let variables = words.map { $0.split(separator: "=", maxSplits: 1).map(String.init) }.filter { $0.count == 2 }
        let home = home(values["User"]?.last)
        let starts = (values["ExecStart"] ?? []).map { command in
            Start(
                command: String(command.drop { "@-:+!".contains($0) }),
                folder: values["WorkingDirectory"]?.last ?? "/",
                variables: Dictionary(variables.map { ($0[0], $0[1]) }) { $1 }.merging(["HOME": home]) { first, _ in
                    first
                },
                trouble: trouble
            )
        }
        return CronTable(place: path, starts: starts)
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

    private static func files(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map { "\(folder)/\($0)" }
    }

    /// Files that this user may not read count as saying nothing.
    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    /// The folder in which cron starts the commands of a user; nil means this user.
    private static func home(_ user: String?) -> String {
        let entry = user.map { getpwnam($0) } ?? getpwuid(geteuid())
        return entry.map { String(cString: $0.pointee.pw_dir) } ?? "/"
    }

    private static func userCrontab() -> String? {
        guard let pipe = popen("crontab -l 2>/dev/null", "r") else { return nil }
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        while case let byte = getc(pipe), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
