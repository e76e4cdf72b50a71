import Handlers
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
        /// As whom, or nil for this user.
        var user: String?
        /// When, or nil if something else than a crontab says it.
        var schedule: CronSchedule?
        /// What is wrong with the line itself.
        var troubles: [CronTrouble] = []
        /// What the line would start if it were written rightly, and why it does not.
        var meant: [(command: String, why: CronTrouble)] = []
    }

    /// For people: `this user's crontab`, `/etc/cron.d/app`.
    let place: String
    /// Whether a cron daemon reads it.
    let isOfCron: Bool
    let starts: [Start]
    /// Why nothing in it is started.
    var trouble: CronTrouble?
    /// When it was changed last, or nil if that cannot be seen.
    var changed: Date?

    /// All of them that this user may read.
    static func all() -> [CronTable] {
        let own = userCrontab().map { text in
            var table = CronTable(text: text, place: "this user's crontab", hasUsers: false)
            table.changed = spools.compactMap { time(ofFile: "\($0)/\(ProcessInfo.processInfo.userName)") }.first
            return table
        }
        let system = (["/etc/crontab"] + files(in: "/etc/cron.d")).compactMap { path in
            text(path).map { CronTable(text: $0, place: path, hasUsers: true).judgingFile(path) }
        }
        return [own].compactMap(\.self) + others() + system + SystemdUnits.all()
    }

    /// Reads a crontab.
    ///
    /// - Parameters:
    ///   - text: The table.
    ///   - place: Where it stands, for people.
    ///   - hasUsers: Whether each line names a user.
    ///   - user: Whose table it is, or nil for this user's.
    init(text: String, place: String, hasUsers: Bool, user: String? = nil) {
        (self.place, isOfCron) = (place, true)
        let lines = text.split(whereSeparator: \.isNewline).map(\.trimmed)
        starts = CronJob.all(in: text, hasUsers: hasUsers).map { Self.start($0, hasUsers: hasUsers, of: user) }
        // Cron reads \r as a part of the command.
        if text.contains("\r\n"), !lines.isEmpty {
            trouble = CronTrouble(
                "its lines end in carriage returns, which sh takes for a part of the command",
                level: .error,
                advice: "Save it with Unix line ends, as sed -i 's/\\r$//' does."
            )
        } else if !text.isEmpty, text.last?.isNewline != true, !starts.isEmpty {
            trouble = CronTrouble(
                "its last line has no line end, so cron may pass it over",
                advice: "End the file with an empty line."
            )
        }
    }

    /// A table of units.
    init(place: String, starts: [Start]) { (self.place, self.starts, isOfCron) = (place, starts, false) }

    private static func start(_ job: CronJob, hasUsers: Bool, of owner: String?) -> Start {
        let user = job.user ?? owner
        let standard = ["HOME": home(user), "PATH": "/usr/bin:/bin"]
        let variables = standard.merging(job.variables) { $1 }
        var start = Start(
            command: job.command,
            folder: variables["HOME"] ?? "/",
            variables: variables,
            user: user,
            schedule: job.schedule
        )
        if let fault = job.schedule.fault {
            let why = CronTrouble(
                "cron cannot read the line: \(fault)",
                level: .error,
                advice: "A line has five fields for the time\(hasUsers ? ", the user" : ""), and the command."
            )
            start.troubles.append(why)
            start.meant.append((job.line, why))
            return start
        }
        if let shell = job.variables["SHELL"], access(shell, X_OK) != 0 {
            let found = "there is no program \(shell), which SHELL names"
            start.troubles.append(CronTrouble(found, level: .error, advice: "Write SHELL=/bin/sh before the line."))
        }
        if job.variables["PATH"]?.contains("$") == true {
            let advice = "Write all folders of PATH."
            start.troubles.append(CronTrouble("cron replaces no variable in its PATH", advice: advice))
        }
        if let input = job.input {
            let why = CronTrouble(
                "cron ends the command at the first % without \\ before it",
                level: .error,
                advice: "Write \\% for each percent sign of the line."
            )
            start.troubles.append(why)
            start.meant.append(("\(job.command)%\(input)", why))
        }
        if let user, getpwnam(user) == nil {
            let why = CronTrouble("there is no user \(user)", level: .error, advice: "Name one that exists.")
            start.troubles.append(hasUsers && isCommand(user) ? missingUser(user) : why)
        }
        if hasUsers, let user = job.user { start.meant.append(("\(user) \(job.command)", missingUser(user))) }
        return start
    }

    /// Whether a word is more likely a command than a user.
    private static func isCommand(_ word: String) -> Bool {
        word.contains("/") || ["cd", ".", "[", "exec", "env"].contains(word)
            || ["/usr/bin", "/bin"].contains { access("\($0)/\(word)", X_OK) == 0 }
    }

    private static func missingUser(_ word: String) -> CronTrouble {
        CronTrouble(
            "the user is missing behind the time, and cron takes \(word) for it",
            level: .error,
            advice: "Write the user's name before the command."
        )
    }

    /// The same, with what keeps cron from reading the file.
    ///
    /// Source: cron(8) of Debian.
    private func judgingFile(_ path: String) -> CronTable {
        var table = self
        let name = path.split(separator: "/").last ?? ""
        var status = stat()
        let isThere = stat(path, &status) == 0
        if isThere { table.changed = Self.changed(status) }
        let isInFolder = path.hasPrefix("/etc/cron.d/")
        let odd = name.first { !($0.isASCII && ($0.isLetter || $0.isNumber) || "_-".contains($0)) }
        if isInFolder, name.contains(".") {
            let found = "cron ignores files with a dot in their names"
            table.trouble = CronTrouble(found, level: .error, advice: "Rename the file.")
        } else if isInFolder, let odd {
            let found = "Debian's cron ignores files with a \(odd) in their names"
            table.trouble = CronTrouble(found, advice: "Rename the file: letters, digits, - and _ alone.")
        } else if isThere, status.st_uid != 0 || status.st_mode & 0o022 != 0 {
            let found = "cron ignores a file that another user than root owns or may write to"
            let advice = "Run: chown root: \(path) && chmod go-w \(path)"
            table.trouble = CronTrouble(found, level: .error, advice: advice)
        } else if isThere, status.st_nlink != 1 {
            let found = "cron ignores a file with more than one name (hard links)"
            table.trouble = CronTrouble(found, advice: "Run: cp \(path) \(path)-new && mv \(path)-new \(path)")
        } else if isThere, status.st_mode & S_IFMT != S_IFREG {
            table.trouble = CronTrouble("it is no file", level: .error, advice: "Put a file in its place.")
        }
        return table
    }

    /// Where cron keeps the tables of users.
    private static let spools = ["/var/spool/cron/crontabs", "/var/spool/cron"]

    /// The crontabs of other users, which root may read.
    private static func others() -> [CronTable] {
        guard geteuid() == 0 else { return [] }
        let own = ProcessInfo.processInfo.userName
        return spools.flatMap(files).compactMap { path in
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            guard name != own, let owner = getpwnam(name)?.pointee.pw_uid, let text = text(path) else { return nil }
            var table = CronTable(text: text, place: "\(name)'s crontab", hasUsers: false, user: name)
            var status = stat()
            guard stat(path, &status) == 0 else { return table }
            table.changed = changed(status)
            let isOwned = status.st_uid == owner || status.st_uid == 0
            if !isOwned || status.st_mode & 0o022 != 0 {
                let found = "cron ignores it: it belongs to another user, or others may write to it"
                let advice = "Run: chown \(name) \(path) && chmod 600 \(path)"
                table.trouble = CronTrouble(found, level: .error, advice: advice)
            }
            return table
        }
    }

    private static func time(ofFile path: String) -> Date? {
        var status = stat()
        return stat(path, &status) == 0 ? changed(status) : nil
    }

    private static func changed(_ status: stat) -> Date {
        Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec))
    }

    static func files(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map { "\(folder)/\($0)" }
    }

    /// The text of a file; one that this user may not read counts as saying nothing.
    static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    /// The folder in which cron starts the commands of a user; nil means this user.
    static func home(_ user: String?) -> String {
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
