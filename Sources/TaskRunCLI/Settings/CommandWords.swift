import Platform
import TaskRun
import Text

/// Commands for people to type elsewhere: in another folder, and without this process' environment.
enum CommandWords {
    /// The options by which a command finds the same tables: `--config FILE`, `--database ADDRESS`.
    ///
    /// What the file says already is not repeated. No password is among them.
    static func options(_ settings: Settings) -> [String] {
        let config = settings.file.map { ["--config", PathText.absolute($0)] } ?? []
        guard alone(settings)?.database != settings.database else { return config }
        return config + ["--database", settings.database.withoutSecrets]
    }

    /// What the file alone says.
    static func alone(_ settings: Settings) -> Settings? {
        settings.file.flatMap { try? Settings(flags: [:], config: $0, variables: [:], cores: 1) }
    }

    /// A word as sh reads it.
    static func quoted(_ word: String) -> String { ShellWord.quoted(word) }
}

extension Program {
    /// What to type before the name of a command, so that it uses the same tables: `taskrun --config
    /// /srv/app/taskrun.yaml`.
    func command(with settings: Settings) -> String {
        ([name] + CommandWords.options(settings)).map(CommandWords.quoted).joined(separator: " ")
    }
}

extension DatabaseAddress {
    /// The address as it can be typed elsewhere, without a password: that has to come from `~/.pgpass`, a settings file
    /// or the environment.
    var withoutSecrets: String {
        switch self {
        case .sqlite(let path): return "sqlite:\(PathText.absolute(path))"
        case .postgresql(let text) where !PostgreSQLURL.isMeant(text):
            return PostgreSQLWords(text).withoutSecrets
        case .postgresql(let url):
            let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            guard let head = parts.first, let start = head.firstRange(of: "://")?.upperBound else { return redacted }
            var place = String(head)
            if let at = head[start...].lastIndex(of: "@"), let colon = head[start..<at].firstIndex(of: ":") {
                place = String(head[..<colon] + head[at...])
            }
            guard parts.count == 2 else { return place }
            let values = parts[1].split(separator: "&").filter {
                PostgreSQLWords.isForCommands(String($0.prefix { $0 != "=" }))
            }
            return place + (values.isEmpty ? "" : "?" + values.joined(separator: "&"))
        }
    }

    /// Whether it has a password in it.
    var hasSecret: Bool {
        guard case .postgresql(let url) = self else { return false }
        return PostgreSQLURL.hasSecret(url)
    }
}
