import Handlers

/// The passwords that this process was given, and who might see them.
enum Secrets {
    /// Hides them: the environment and the memory from this user's programs, and the command line from everyone on the
    /// machine.
    ///
    /// For a moment before this, the command line can be read.
    static func keep() {
        for (index, word) in ProcessWords.all.enumerated() {
            guard isAddress(word), let start = word.firstRange(of: "://")?.upperBound ?? word.firstIndex(of: "=") else {
                continue
            }
            ProcessWords.cover(index, keeping: word.utf8.distance(from: word.startIndex, to: start))
        }
        ProcessWords.keepSecrets()
    }

    /// A text that quotes words of the command line, without those that are addresses, or nil if it quotes none.
    static func cover(_ text: String, words: [String]) -> String? {
        var covered = text
        for word in words where isAddress(word) {
            // Of --option=ADDRESS the option may be quoted alone.
            let parts = [word] + (word.firstIndex(of: "=").map { [String(word[word.index(after: $0)...])] } ?? [])
            for part in parts where !part.isEmpty { covered = covered.replacing(part, with: "…") }
        }
        return covered == text ? nil : covered
    }

    /// Whether a word may hold a password: an address with one in it, or one that cannot be read.
    static func isAddress(_ word: String) -> Bool {
        guard let colon = word.firstRange(of: "://") else { return PostgreSQLURL.hasSecret(word) }
        let scheme = word[..<colon.lowerBound].reversed().prefix { $0.isLetter || $0.isNumber }.reversed()
        let url = String(scheme) + word[colon.lowerBound...]
        guard PostgreSQLURL.isMeant(url) else {
            return word[colon.upperBound...].contains { ":@".contains($0) } || PostgreSQLURL.hasSecret(word)
        }
        return PostgreSQLURL(url).fault != nil || PostgreSQLURL.hasSecret(url)
    }
}
