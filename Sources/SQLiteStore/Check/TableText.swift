/// The statement that created a table.
struct TableText: Sendable {
    let name, sql: String

    init(name: String, sql: String) { (self.name, self.sql) = (name, sql) }

    init(_ row: ResultRow) { self.init(name: row.text("name"), sql: row.text("sql")) }

    /// The names of its checks: SQLite has no list of them, and a tool may have written their texts in another way.
    var checks: [Makeup.Part] {
        sql.matches(of: #/CONSTRAINT\s+["`\[]?(\w+)/#.ignoresCase()).map { match in
            Makeup.Part(
                kind: .constraint,
                name: "the constraint \(match.1) of \(name)",
                table: name,
                object: String(match.1),
                text: "",
                mayRefuse: false
            )
        }
    }

    /// A column or a constraint between the brackets.
    struct Definition: Equatable {
        /// As it is written, without comments.
        let text: String
        /// The column's name, or nil for a constraint of the table.
        let column: String?
    }

    /// What stands between the brackets, and what stands behind them.
    ///
    /// Nothing if the statement is not of the usual form.
    var body: (definitions: [Definition], options: String)? {
        var (depth, item, items) = (0, "", [String]())
        var rest = sql[...]
        while let character = rest.popFirst() {
            switch character {
            case "-" where rest.first == "-":
                rest = rest.drop { !$0.isNewline }
            case "/" where rest.first == "*":
                rest = rest.firstRange(of: "*/").map { rest[$0.upperBound...] } ?? ""
            case "'", "\"", "`", "[":
                // A doubled quote inside is two texts, one behind the other.
                let end: Character = character == "[" ? "]" : character
                let inside = rest.prefix { $0 != end }
                item += "\(character)\(inside)\(end)"
                rest = rest.dropFirst(inside.count + 1)
            case "(":
                if depth > 0 { item.append(character) } else { item = "" }
                depth += 1
            case ")":
                depth -= 1
                guard depth == 0 else {
                    item.append(character)
                    continue
                }
                return ((items + [item]).map(Self.definition), String(rest))
            case "," where depth == 1:
                items.append(item)
                item = ""
            default:
                item.append(character)
            }
        }
        return nil
    }

    private static let constraints: Set<String> = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]

    private static func definition(_ text: String) -> Definition {
        let words = text.split(whereSeparator: \.isWhitespace)
        let first = words.first.map(String.init) ?? ""
        let name: String
        if let quote = first.first, "\"`[".contains(quote) {
            let trimmed = text.drop(while: \.isWhitespace).dropFirst()
            name = String(trimmed.prefix { $0 != (quote == "[" ? "]" : quote) })
        } else {
            name = String(first.prefix { $0 != "(" })
        }
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        let whole = lines.joined(separator: "\n").drop(while: \.isWhitespace)
        let isConstraint = constraints.contains(name.uppercased()) && first.first.map { !"\"`[".contains($0) } ?? false
        return Definition(text: String(whole), column: isConstraint ? nil : name)
    }
}
