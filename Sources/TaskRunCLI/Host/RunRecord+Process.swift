import Handlers
import Platform
import TaskRun
import Text

extension RunRecord {
    /// The most bytes of a command line that are written down.
    private static let mostCommand = 1024

    /// This process, as a run.
    ///
    /// - Parameters:
    ///   - identity: This process.
    ///   - names: The task names that it has handlers for.
    ///   - slots: The most handlers at once.
    /// - Returns: What the run says of itself in the table.
    static func ofThisProcess(_ identity: RunIdentity, names: [String], slots: Int) -> RunRecord {
        let words = shown(ProcessWords.all)
        let user = ProcessInfo.processInfo.userName
        let folder = FileManager.default.currentDirectoryPath
        return RunRecord(
            run: identity.text,
            origin: origin(host: identity.host, user: user, folder: folder, words),
            host: identity.host,
            pid: identity.pid,
            user: user,
            command: command(words),
            version: Version.text,
            names: names,
            slots: slots
        )
    }

    /// The words as a person may see them: without the database's address, which may have a password in it.
    static func shown(_ words: [String]) -> [String] {
        let option = "--\(SettingTable.database.key)"
        return words.enumerated().map { index, word in
            if index > 0, words[index - 1] == option { return "…" }
            if word.hasPrefix("\(option)=") { return "\(option)=…" }
            return Secrets.isAddress(word) ? "…" : word
        }
    }

    /// The mark of a crontab line: where and as whom it starts which words, as ``shown(_:)`` gives them.
    static func origin(host: String, user: String, folder: String, _ words: [String]) -> String {
        ClaimingRoleFile.mark([host, user, folder] + words)
    }

    /// A command line as it can be typed, with the program's name instead of its path; cut if it is very long.
    static func command(_ words: [String]) -> String {
        let name = words.first?.split(separator: "/").last.map(String.init)
        let all = [name].compactMap(\.self) + words.dropFirst()
        let text = all.map { $0.contains("…") ? $0 : CommandWords.quoted($0) }.joined(separator: " ")
        return BoundedText.fit(text, bytes: mostCommand)
    }
}
