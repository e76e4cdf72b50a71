import TaskRun

extension QueueFilter {
    /// The queues for a statement that goes from lane to lane: a regular expression, or an array if all are named one by
    /// one and may be listed, so that it reads no lane of another queue.
    func forLanes(isListed: Bool = true) -> (pattern: String?, list: String?) {
        guard isListed, let names, !names.isEmpty else { return (expression, nil) }
        return (nil, SQLText.array(names))
    }

    /// The same as a regular expression of PostgreSQL (an "advanced" one).
    ///
    /// <https://www.postgresql.org/docs/current/functions-matching.html#POSIX-SYNTAX-DETAILS>
    var expression: String {
        let isExcept = except.isEmpty ? "" : "(?!(?:\(Self.alternatives(except)))$)"
        return "^\(isExcept)(?:\(Self.alternatives(words)))$"
    }

    /// Every ASCII character but letters and digits is escaped, whether it means anything or not; other characters
    /// stand for themselves.
    private static func alternatives(_ words: [String]) -> String {
        words.map { word in
            word.unicodeScalars.map { scalar in
                if scalar == "*" { return ".*" }
                let isPlain =
                    !scalar.isASCII || ("0"..."9").contains(scalar) || ("A"..."Z").contains(scalar)
                    || ("a"..."z").contains(scalar)
                return isPlain ? String(scalar) : "\\\(scalar)"
            }.joined()
        }.joined(separator: "|")
    }
}
