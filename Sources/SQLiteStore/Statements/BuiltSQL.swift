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
