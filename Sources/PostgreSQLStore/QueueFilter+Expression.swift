import TaskRun

extension QueueFilter {
    /// The same as a regular expression of PostgreSQL (an "advanced" one).
    ///
    /// <https://www.postgresql.org/docs/current/functions-matching.html#POSIX-SYNTAX-DETAILS>
    var expression: String {
        let isExcept = except.isEmpty ? "" : "(?!(?:\(Self.alternatives(except)))$)"
        return "^\(isExcept)(?:\(Self.alternatives(words)))$"
    }

    /// What is no letter and no digit of ASCII is escaped, whether it means anything or not; letters elsewhere mean themselves.
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
