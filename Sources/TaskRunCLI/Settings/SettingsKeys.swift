import TaskRun
import Text
import Yams

/// The keys of a settings file, checked against ``SettingTable``.
struct SettingsKeys {
    private(set) var lines: [String: Int] = [:]
    private(set) var taskNames: [String] = []
    /// The keys whose values hold a password.
    private(set) var secrets: [String] = []
    private let path: String

    init(root: Node, path: String) throws(ProgramError) {
        self.path = path
        guard let mapping = root.mapping else {
            throw ProgramError(
                .settings,
                "\(path) is a list or a single value",
                advice: "Write lines like: window: 50s"
            )
        }
        for (key, value) in mapping { try walk(key, value, under: []) }
    }

    private mutating func walk(_ node: Node, _ value: Node, under parents: [String]) throws(ProgramError) {
        let part = node.string ?? ""
        let parts = parents + [part]
        let key = parts.joined(separator: ".")
        lines[key] = node.mark?.line
        let depth = parts.count
        let isGroup =
            parts[0] == "tasks" ? depth < 3 : SettingTable.all.contains { depth == 1 && $0.key.hasPrefix(key + ".") }
        if isGroup {
            if parts[0] == "tasks", depth == 2 { taskNames.append(part) }
            guard let mapping = value.mapping else {
                let names = Self.known(under: parts).map { String($0.dropFirst(key.count + 1)) }
                let expected = depth == 1 && part == "tasks" ? "task names" : names.joined(separator: ", ")
                throw ProgramError(.settings, "\(place(key)) is a single value: expected keys below it (\(expected))")
            }
            for (child, value) in mapping { try walk(child, value, under: parts) }
        } else {
            guard Self.known(under: parents).contains(key) else { throw unknown(key, under: parents) }
            if let text = value.string, PostgreSQLURL.hasSecret(text) { secrets.append(key) }
            guard value.mapping == nil else {
                throw ProgramError(.settings, "\(place(key)) has keys below it: expected one value")
            }
        }
    }

    private func place(_ key: String) -> String {
        // A line that begins with the address instead of with its key.
        "\"\(Secrets.isAddress(key) ? "…" : key)\" in \(path)" + (lines[key].map { " line \($0)" } ?? "")
    }

    private func unknown(_ key: String, under parents: [String]) -> ProgramError {
        let known = Self.known(under: parents)
        let nearest = Spelling.nearest(to: key, among: known)
        return ProgramError(
            .settings,
            "unknown key \(place(key))" + (nearest.map { " (did you mean \"\($0)\"?)" } ?? ""),
            advice: nearest == nil ? "Known are: \(known.joined(separator: ", "))." : nil
        )
    }

    /// The keys that may stand below these parents, groups included.
    private static func known(under parents: [String]) -> [String] {
        if parents.first == "tasks" {
            let name = parents.dropFirst().joined(separator: ".")
            return [
                SettingTable.timeout(of: name).key, SettingTable.maxAttempts(of: name).key,
                SettingTable.keepResult(of: name).key, SettingTable.keepFailed(of: name).key,
                SettingTable.history(of: name).key,
            ]
        }
        guard parents.isEmpty else {
            let prefix = parents.joined(separator: ".") + "."
            return SettingTable.all.map(\.key).filter { $0.hasPrefix(prefix) }
        }
        let groups = Set(SettingTable.all.compactMap { $0.key.split(separator: ".").dropLast().first.map(String.init) })
        return SettingTable.all.map(\.key).filter { !$0.contains(".") } + groups.sorted() + ["tasks"]
    }
}
