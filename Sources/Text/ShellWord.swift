/// Words of commands, for people to copy.
package enum ShellWord {
    /// A word as sh reads it.
    package static func quoted(_ word: String) -> String {
        let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "/:._-@,=+".contains($0) } && !word.isEmpty
        return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }
}
