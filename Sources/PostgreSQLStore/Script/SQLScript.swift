/// A script, cut into statements whose names are replaced by numbers (`$1`).
struct SQLScript: Sendable, Equatable {
    struct Part: Sendable, Equatable {
        /// The text, with a number of its own for each occurrence of a name, as the server finds a type for each
        /// number.
        var sql: String
        /// The names, in the order of the numbers.
        var names: [String]
        /// The first words, in capitals: at most three, enough to see what the statement does to a transaction.
        var words: [String]

        /// Whether the statement would begin or end a transaction, which only the store may do.
        var controlsTransaction: Bool {
            switch words.first {
            case "BEGIN", "START", "COMMIT", "END", "ABORT": true
            case "ROLLBACK": words.count < 2 || !words.dropFirst().contains("TO")
            case "PREPARE": words.dropFirst().first == "TRANSACTION"
            default: false
            }
        }
    }

    /// The statements; empty ones are left out.
    let parts: [Part]

    /// Cuts a script.
    ///
    /// These are not names: what follows a colon in quotes or comments, a cast (`::type`), an assignment (`:=`), and
    /// the upper end of an array's slice (`a[1:n]`).
    ///
    /// A setting in a script (`SET search_path = …`) becomes one for its transaction, `SET LOCAL`: behind a pooler
    /// other programs share the session.
    init(_ sql: String) {
        var cutter = Cutter(tokens: SQLToken.all(in: sql))
        parts = cutter.cut()
    }
}

private struct Cutter {
    let tokens: [SQLToken]
    private var parts: [SQLScript.Part] = []
    private var part = SQLScript.Part(sql: "", names: [], words: [])
    private var hasContent = false
    /// Open brackets, innermost last: a semicolon in parentheses (CREATE RULE) ends nothing.
    private var brackets: [SQLToken.Bracket] = []
    /// Whether the last token ends an expression: then a colon in square brackets belongs to a slice.
    private var endsExpression = false

    init(tokens: [SQLToken]) { self.tokens = tokens }

    mutating func cut() -> [SQLScript.Part] {
        for token in tokens { take(token) }
        finish()
        return parts
    }

    private mutating func take(_ token: SQLToken) {
        switch token {
        case .space(let text):
            part.sql += text
            // `a[1:n]` is a slice, `ARRAY[CASE WHEN :n …` is not: the gap makes the difference.
            endsExpression = false
            return
        case .end where brackets.isEmpty:
            return finish()
        case .name(let name) where !(brackets.last == .square && endsExpression):
            part.names.append(name)
            part.sql += "$\(part.names.count)"
            endsExpression = true
        case .name(let name):
            part.sql += ":" + name
            endsExpression = true
        case .word(let text):
            part.sql += local(text)
            if part.words.count < 3 { part.words.append(text.uppercased()) }
            endsExpression = true
        case .quoted(let text):
            part.sql += local(text)
            if part.words == ["SET"] || part.words == ["SET", "SESSION"] { part.words.append(text) }
            endsExpression = true
        case .open(let bracket):
            part.sql += bracket.rawValue
            brackets.append(bracket)
            endsExpression = false
        case .close(let text):
            part.sql += text
            _ = brackets.popLast()
            endsExpression = true
        case .other(let text):
            part.sql += text
            endsExpression = false
        case .end:
            part.sql += ";"
        }
        hasContent = true
    }

    /// A word, with LOCAL before it if it is the first word after SET or SET SESSION that names a setting.
    private func local(_ text: String) -> String {
        switch (part.words, text.uppercased()) {
        case (["SET"], "LOCAL"), (["SET"], "TRANSACTION"), (["SET"], "CONSTRAINTS"): text
        // Left out until it is known what follows.
        case (["SET"], "SESSION"): ""
        case (["SET", "SESSION"], "CHARACTERISTICS"): "SESSION \(text)"
        case (["SET", "SESSION"], "AUTHORIZATION"): "LOCAL SESSION \(text)"
        case (["SET"], _), (["SET", "SESSION"], _): "LOCAL \(text)"
        default: text
        }
    }

    private mutating func finish() {
        if hasContent { parts.append(part) }
        part = SQLScript.Part(sql: "", names: [], words: [])
        hasContent = false
        brackets = []
        endsExpression = false
    }
}
