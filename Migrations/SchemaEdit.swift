/// A text that a migration on SQLite changes where it stands, in the tables' own definitions.
struct SchemaEdit {
    /// What stood in a definition.
    let old: String
    /// What stands there from then on.
    let new: String
}

extension Migration {
    /// The changes that the migration makes to the tables' definitions, in order.
    var edits: [SchemaEdit] {
        let text = statements
        guard let editing = Self.editing(in: text) else { return [] }
        let statement = #/UPDATE sqlite_schema SET sql = replace\(sql, '((?:[^']|'')*)', '((?:[^']|'')*)'\)/#
        return text[editing].matches(of: statement).map { match in
            SchemaEdit(
                old: String(match.1).replacing("''", with: "'"),
                new: String(match.2).replacing("''", with: "'")
            )
        }
    }

    /// The statements for tables whose definitions are made with these changes from the beginning.
    ///
    /// Shells of SQLite 3.42 and later do not let a script change a definition.
    func statements(with edits: [SchemaEdit]) -> String {
        var text = statements
        if let editing = Self.editing(in: text) { text.removeSubrange(editing) }
        return edits.reduce(text) { $0.replacing($1.old, with: $1.new) }
    }

    /// What of the statements changes the tables' definitions, by `PRAGMA writable_schema`; nil: nothing does.
    private static func editing(in text: String) -> Range<String.Index>? {
        guard let start = text.firstRange(of: "PRAGMA writable_schema = ON;\n"),
            let end = text.firstRange(of: "PRAGMA writable_schema = RESET;\n")
        else { return nil }
        return start.lowerBound..<end.upperBound
    }
}
