import TaskRun

/// The statements that Swift makes; all others are in files under `SQL`.
///
/// They contain names that are known only at run time and cannot be values: the columns that tasks set, a schema, a
/// channel. The statements of users' scripts and of migrations come from elsewhere: see ``SQLScript`` and `Migrations`.
enum BuiltSQL {
    /// Adds rows of these columns, in order; returns their numbers as `id`.
    ///
    /// With `hasNumbers` the first array has the numbers. It returns nothing for a row with a `dedupe_key` that has an
    /// equal row waiting.
    static func insert(_ columns: [TaskColumn], hasNumbers: Bool) -> String {
        let id = hasNumbers ? ["id"] : []
        let types = id.map { _ in "bigint[]" } + columns.map(\.arrayType)
        let arrays = types.enumerated().map { number, type in "$\(number + 1)::\(type)" }
        let conflict =
            "ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL DO NOTHING"
        return """
            INSERT INTO tasks (\((id + columns.map(\.target.rawValue)).joined(separator: ", ")))
            SELECT \((id.map { "new.\($0)" } + columns.map(\.expression)).joined(separator: ", "))
            FROM unnest(\(arrays.joined(separator: ", ")))
                WITH ORDINALITY AS new (\((id + columns.map(\.rawValue)).joined(separator: ", ")), no)
            ORDER BY no
            \(columns.contains(.dedupeKey) ? conflict : "")
            RETURNING id
            """
    }

    /// Adds rows of a number and these columns in COPY's text format.
    static func copy(_ columns: [TaskColumn]) -> String {
        "COPY tasks (\((["id"] + columns.map(\.target.rawValue)).joined(separator: ", "))) FROM STDIN"
    }

    /// Finds rows that do not fulfil a condition, in the server's own text: rows that were there before the condition
    /// were not checked.
    static func rows(notFulfilling condition: String) -> String {
        "SELECT id FROM ONLY tasks WHERE (\(condition)) IS FALSE ORDER BY id LIMIT 20"
    }

    static func make(_ scratch: ScratchSchema) -> String { "CREATE SCHEMA \(scratch.name)" }
    /// Removes a schema with everything in it.
    static func remove(_ scratch: ScratchSchema) -> String { "DROP SCHEMA IF EXISTS \(scratch.name) CASCADE" }

    static func listen(to channel: String) -> String { "LISTEN \(channel)" }
    static func notify(_ channel: String) -> String { "NOTIFY \(channel)" }
    /// Ends listening on a channel; `*` for all channels.
    static func unlisten(_ channel: String) -> String { "UNLISTEN \(channel)" }

    /// Drops what a session has prepared, or everything it has; neither can be prepared itself.
    static let forgetPlans = "DEALLOCATE ALL"
    static let forgetAll = "DISCARD ALL"

    /// Asks PgBouncer's console, which is not PostgreSQL and prepares nothing.
    static let poolerVersion = "SHOW VERSION"
}
