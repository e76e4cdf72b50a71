/// A simple command within a line for sh: its words, without what only sh knows.
struct ShellCommand: Equatable {
    /// The words, quotes removed.
    var words: [String] = []
    /// The files that it writes its output to.
    var outputs: [String] = []

    /// Splits a line at `;`, `&&`, `||`, `|`, `&`, brackets and line ends; redirections are no words.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - variables: What `$NAME` stands for; of other names the word keeps the sign.
    /// - Returns: The commands, in their order.
    static func all(in line: String, variables: [String: String]) -> [ShellCommand] {
        var commands: [ShellCommand] = [ShellCommand()]
        var word: String?
        var redirection: Character?
        func end() {
            guard let ended = word else { return }
            if redirection == nil { commands[commands.count - 1].words.append(ended) }
            if redirection == ">" { commands[commands.count - 1].outputs.append(ended) }
            (word, redirection) = (nil, nil)
        }
        var rest = line[...]
        while let character = rest.popFirst() {
            switch character {
            case "'":
                word = (word ?? "") + rest.prefix { $0 != "'" }
                rest = rest.drop { $0 != "'" }.dropFirst()
            case "\"":
                var text = word ?? ""
                while let next = rest.popFirst(), next != "\"" {
                    if next == "\\", let escaped = rest.first, "\"\\$`".contains(escaped) {
                        text.append(escaped)
                        rest = rest.dropFirst()
                    } else if next == "$" {
                        text += value(&rest, variables)
                    } else {
                        text.append(next)
                    }
                }
                word = text
            case "\\":
                if let next = rest.popFirst() { word = (word ?? "") + String(next) }
            case "$":
                word = (word ?? "") + value(&rest, variables)
            case "~" where word == nil && (rest.first.map { "/ ".contains($0) } ?? true):
                word = variables["HOME"] ?? "~"
            case "#" where word == nil:
                rest = rest.drop { !$0.isNewline }
            case ">", "<":
                // The number before it is a descriptor's; what follows is a file.
                if word?.allSatisfy(\.isNumber) == true { word = nil }
                end()
                let signs = rest.prefix { ">&|<".contains($0) }
                // What follows >& is a descriptor, what follows < is read.
                redirection = signs.contains("&") ? "&" : character
                rest = rest.dropFirst(signs.count)
            case ";", "&", "|", "(", ")", "{", "}", "\n":
                end()
                if commands.last?.words.isEmpty == false { commands.append(ShellCommand()) }
            case _ where character.isWhitespace:
                end()
            default:
                word = (word ?? "") + String(character)
            }
        }
        end()
        return commands.filter { !$0.words.isEmpty }
    }

    /// What stands for `$NAME` or `${NAME}`.
    private static func value(_ rest: inout Substring, _ variables: [String: String]) -> String {
        let isBraced = rest.first == "{"
        let name = rest.dropFirst(isBraced ? 1 : 0).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let behind = rest.dropFirst(name.count + (isBraced ? 1 : 0))
        guard !name.isEmpty, !isBraced || behind.first == "}", let value = variables[String(name)] else { return "$" }
        rest = isBraced ? behind.dropFirst() : behind
        return value
    }
}
