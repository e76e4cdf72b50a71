/// What a trigger of another program does to the deletion of a task that is done, as far as its text says.
public enum DeleteTrigger: Sendable, Equatable {
    /// It seems to let the row go.
    case lets
    /// It has a statement that refuses, perhaps under a condition.
    case refuses
    /// It keeps the row and says nothing.
    case keeps

    /// Reads the function of a trigger of PostgreSQL that acts on DELETE.
    ///
    /// - Parameters:
    ///   - source: The function's text.
    ///   - isBeforeRow: Whether it is called before each row: then NULL as the answer keeps the row, and so does NEW,
    ///     which is NULL there.
    /// - Returns: What it does to a deletion.
    public static func ofPostgreSQL(_ source: String, isBeforeRow: Bool) -> DeleteTrigger {
        let text = plain(source)
        if text.contains("raise exception") || text.contains("raise sqlstate") { return .refuses }
        let isKept = text.contains("return null") || text.contains("return new")
        return isBeforeRow && isKept && !text.contains("return old") ? .keeps : .lets
    }

    /// Reads the statement of a trigger of SQLite; one that does not act on DELETE lets rows go.
    public static func ofSQLite(_ statement: String) -> DeleteTrigger {
        let text = plain(statement)
        guard let head = text.firstRange(of: " delete on "), let begin = text.firstRange(of: " begin "),
            head.lowerBound < begin.lowerBound
        else { return .lets }
        let packed = text.replacing(" ", with: "")
        if packed.contains("raise(ignore") { return .keeps }
        return packed.contains("raise(") ? .refuses : .lets
    }

    /// In small letters, with one space between words, without comments.
    private static func plain(_ text: String) -> String {
        text.lowercased().replacing(/--[^\n]*/, with: " ").replacing(/\/\*.*?\*\//.dotMatchesNewlines(), with: " ")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// For people, behind the trigger's name; nil if nothing follows.
    public var sentence: String? {
        switch self {
        case .lets: nil
        case .refuses: "may refuse the deletion of a task that is done, which then becomes FAILED"
        case .keeps: "keeps the rows of tasks that are done"
        }
    }
}

extension Finding {
    /// The finding about triggers of other programs, or nil if there are none.
    ///
    /// - Parameter triggers: Each trigger's name for people, and what it does to deletions.
    /// - Returns: One finding, or nil.
    package static func triggers(_ triggers: [(name: String, onDelete: DeleteTrigger)]) -> Finding? {
        guard !triggers.isEmpty else { return nil }
        let names = triggers.map { trigger in
            [trigger.name, trigger.onDelete.sentence].compactMap(\.self).joined(separator: ", which ")
        }
        return Finding(
            .warning,
            "triggers",
            "not made by taskrun, but run when it writes: \(names.joined(separator: "; "))",
            advice: triggers.contains { $0.onDelete != .lets }
                ? "Let the row of a task go: do not refuse DELETE, and return OLD from a trigger before it."
                : "Make sure that they are fast and neither refuse nor change what is written, or drop them."
        )
    }

    /// The finding about foreign keys that keep tasks from being deleted, or nil if there are none.
    ///
    /// - Parameters:
    ///   - keys: The keys, for people.
    ///   - sql: The statements that make them let go.
    /// - Returns: One finding, or nil.
    package static func keepingKeys(_ keys: [String], sql: [String]) -> Finding? {
        guard !keys.isEmpty else { return nil }
        return Finding(
            .warning,
            "foreign keys",
            "the rows of tasks that are done cannot be deleted while other rows refer to them, and become FAILED: "
                + keys.joined(separator: ", "),
            advice: sql.isEmpty
                ? "Create such a key again with ON DELETE SET NULL or ON DELETE CASCADE, or drop it."
                : "Let such a key let go, or use ON DELETE CASCADE to delete those rows too; run:",
            sql: sql
        )
    }

    /// The finding about foreign keys without an index, which let go slowly, or nil if there are none.
    package static func slowKeys(_ keys: [String], sql: [String]) -> Finding? {
        guard !keys.isEmpty else { return nil }
        return Finding(
            .ok,
            "foreign keys",
            "each task that ends looks through the whole table, as no index begins with the key: "
                + keys.joined(separator: ", "),
            advice: "If that table is large, run:",
            sql: sql
        )
    }

    /// The finding about tables that differ from those that taskrun makes.
    ///
    /// - Parameters:
    ///   - differences: Each difference, for people.
    ///   - sql: The statements that make the tables as they should be.
    ///   - how: How to run them.
    /// - Returns: One finding; it is fine if there is no difference.
    package static func drift(_ differences: [String], sql: [String], how: String) -> Finding {
        guard !differences.isEmpty else {
            return Finding(.ok, "columns", "as taskrun makes them, indexes, constraints and triggers too")
        }
        let most = 5
        let more = differences.count > most ? ", and \(differences.count - most) more" : ""
        let found = "not as taskrun makes them: \(differences.prefix(most).joined(separator: "; "))\(more)"
        return Finding(.error, "columns", found, advice: how, sql: sql)
    }
}
