extension String {
    /// The text in lines that are no wider than so many columns, broken between words.
    ///
    /// - Parameters:
    ///   - width: The columns of a line, or nil for one line, however long.
    ///   - hanging: How far the lines after the first one are indented, in columns.
    ///   - breakingWords: Whether words that are wider than a line are broken. Otherwise they stay whole, so that what
    ///     is copied from a terminal can be used.
    /// - Returns: At least one line.
    func wrapped(toWidth width: Int?, hanging: Int = 0, breakingWords: Bool = false) -> [String] {
        guard let width, displayWidth > width else { return [self] }
        let indent = String(repeating: " ", count: Swift.min(hanging, Swift.max(0, width - 10)))
        var lines: [String] = []
        var (line, used, gap, isEmpty) = ("", 0, 0, true)
        func end() {
            lines.append(line)
            (line, used, gap, isEmpty) = (indent, indent.count, 0, true)
        }
        for (number, word) in split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            if number > 0 { gap += 1 }
            var word = String(word)
            guard !word.isEmpty else { continue }
            if !isEmpty, used + gap + word.displayWidth > width { end() }
            // Only the first line keeps the spaces before its first word.
            if isEmpty, !lines.isEmpty { gap = 0 }
            line += String(repeating: " ", count: gap)
            used += gap
            while breakingWords, used + word.displayWidth > width, word.count > 1 {
                let part = word.prefix(ofWidth: Swift.max(2, width - used))
                guard part.count < word.count else { break }
                line += part
                word.removeFirst(part.count)
                end()
            }
            line += word
            used += word.displayWidth
            (gap, isEmpty) = (0, false)
        }
        if !isEmpty || lines.isEmpty { lines.append(line) }
        return lines
    }

    /// As many characters as fit into so many columns, at least one.
    private func prefix(ofWidth width: Int) -> String {
        var kept = ""
        var used = 0
        for character in self {
            used += String(character).displayWidth
            if used > width, !kept.isEmpty { break }
            kept.append(character)
        }
        return kept
    }
}

extension Terminal {
    /// Sentences in lines that end between words where the terminal does; whole without a terminal.
    ///
    /// - Parameters:
    ///   - text: The sentences, safe to be shown; line ends in it stay.
    ///   - hanging: How far the lines after the first one are indented, in columns.
    /// - Returns: The lines.
    func wrap(_ text: String, hanging: Int = 0) -> [String] {
        guard let width else { return [text] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            String(line).wrapped(toWidth: width, hanging: hanging)
        }
    }
}
