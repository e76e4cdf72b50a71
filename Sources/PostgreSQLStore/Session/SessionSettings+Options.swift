import TaskRun

extension SessionSettings.Value {
    /// The settings in the startup parameter `options`: `-c name=value`, `-cname=value` and `--name=value`.
    ///
    /// A backslash keeps the next character as it is. No server behind a pooler would accept anything else that stands
    /// there.
    static func all(in options: String) -> [SessionSettings.Value] {
        var words: [String] = []
        var word: String?
        var isEscaped = false
        for character in options {
            if isEscaped || !(character == "\\" || character.isWhitespace) {
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if let whole = word {
                words.append(whole)
                word = nil
            }
        }
        if let word { words.append(word) }
        var settings: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "-c" {
                if let next = rest.popFirst() { settings.append(next) }
            } else if word.hasPrefix("-c") || word.hasPrefix("--") {
                settings.append(String(word.dropFirst(2)))
            }
        }
        return settings.compactMap { setting in
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // As in the server: a hyphen in a name stands for an underscore.
            guard parts.count == 2 else { return nil }
            return Self(name: String(parts[0].map { $0 == "-" ? "_" : $0 }), value: String(parts[1]))
        }
    }
}
