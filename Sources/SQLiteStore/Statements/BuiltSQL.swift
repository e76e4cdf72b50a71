import TaskRun

/// The statements that Swift makes, from the one list of a new task's columns; all others are in files under `SQL`.
enum BuiltSQL {
    /// Adds a task unless an equal one waits; the parameters are named like the columns.
    static let add = Change(
        sql: """
            INSERT INTO tasks (\(names))
            VALUES (\(columns.map { $0.orDefault(":\($0.rawValue)") }.joined(separator: ", ")))
            \(unlessOneWaits)
            """
    )

    /// Makes the temporary table in which a bulk add gathers its tasks.
    static let makeLines = Change(sql: "CREATE TEMPORARY TABLE task_lines (line INTEGER PRIMARY KEY, \(names))")

    /// Gathers a task of a bulk add; the parameters are `:line` and those named like the columns.
    static let gatherLine = Change(
        sql: """
            INSERT INTO temp.task_lines (line, \(names))
            VALUES (:line, \(columns.map { ":\($0.rawValue)" }.joined(separator: ", ")))
            """
    )

    /// Moves the gathered tasks from line `:first` to line `:last` into the table, except those with a waiting equal.
    ///
    /// It returns `id`, `task_name` as bytes, and `is_plain`: whether the task has no `dedupe_key`.
    static let moveLines = Query(
        sql: """
            INSERT INTO main.tasks (\(names))
            SELECT \(columns.map { $0.orDefault($0.rawValue) }.joined(separator: ", "))
            FROM temp.task_lines
            WHERE line BETWEEN :first AND :last
            ORDER BY line
            \(unlessOneWaits)
            RETURNING id, CAST(task_name AS BLOB) AS task_name, dedupe_key IS NULL AS is_plain
            """,
        AddedLine.init
    )

    /// Removes an index, a trigger or a view, for a script.
    static func drop(_ type: String, _ name: String) -> String { "DROP \(type.uppercased()) \(quoted(name))" }

    /// Makes an index for a foreign key.
    static func index(on table: String, _ column: String) -> String {
        "CREATE INDEX \(quoted("\(table)_\(column)")) ON \(quoted(table)) (\(quoted(column)))"
    }

    /// Adds a column, for a script; the definition is that of CREATE TABLE.
    static func addColumn(_ definition: String, to table: String) -> String {
        "ALTER TABLE \(quoted(table)) ADD COLUMN \(definition)"
    }

    /// Makes a table anew with other definitions, for a script for SQLite's shell: SQLite can change neither a column
    /// nor a check.
    ///
    /// The rows, the greatest number that was ever used, indexes, triggers, views and references stay. The old table
    /// is renamed first, and removed last. Source: "Making Other Kinds Of Table Schema Changes" in SQLite's manual of
    /// ALTER TABLE.
    ///
    /// - Parameters:
    ///   - table: The table.
    ///   - definitions: What stands between the brackets.
    ///   - options: What stands behind them: ` STRICT`.
    ///   - columns: The columns whose values are copied.
    ///   - isNumbered: Whether its numbers are never used twice.
    ///   - rest: The statements that make its indexes and triggers.
    /// - Returns: The statements, in their order.
    static func rebuild(
        _ table: String,
        definitions: [String],
        options: String,
        columns: [String],
        isNumbered: Bool,
        rest: [String]
    ) -> [String] {
        let (new, old) = (quoted(table), quoted("\(table)_before"))
        let names = columns.map(quoted).joined(separator: ", ")
        let sequence =
            isNumbered
            ? [
                "DELETE FROM sqlite_sequence WHERE name = '\(table)'",
                "UPDATE sqlite_sequence SET name = '\(table)' WHERE name = '\(table)_before'",
            ] : []
        return [
            "ALTER TABLE \(new) RENAME TO \(old)",
            "CREATE TABLE \(new) (\n    \(definitions.joined(separator: ",\n    "))\n)\(options)",
            "INSERT INTO \(new) (\(names)) SELECT \(names) FROM \(old)",
        ] + sequence + [drop("table", "\(table)_before")] + rest
    }

    /// A whole script that makes tables anew: it ends at the first error, and undoes everything then.
    static func script(_ statements: [String], rebuilds: Bool) -> [String] {
        let settings = rebuilds ? ["PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON"] : []
        return [".bail on"] + settings + ["BEGIN IMMEDIATE"] + statements + ["COMMIT"]
    }

    private static func quoted(_ name: String) -> String {
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return isPlain ? name : "\"\(name.replacing("\"", with: "\"\""))\""
    }

    private static let columns = TaskColumn.targets
    private static let names = columns.map(\.rawValue).joined(separator: ", ")
    /// The condition is that of the index `tasks_dedupe`, word for word.
    private static let unlessOneWaits =
        "ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL DO NOTHING"
}

extension TaskColumn {
    /// A value, or the column's default if that is NULL, as SQLite has no DEFAULT in a list of values.
    fileprivate func orDefault(_ value: String) -> String {
        switch self {
        case .queue: "coalesce(\(value), 'default')"
        case .priority: "coalesce(\(value), 0)"
        case .runAt: "coalesce(\(value), strftime('%Y-%m-%d %H:%M:%f', 'now'))"
        default: value
        }
    }
}
