/// The texts that Swift makes; all others stand in files under `SQL`.
///
/// They name what is only known when they are run and cannot be a value: which columns tasks set, a schema, a channel. The statements of
/// users' scripts and of migrations come from elsewhere: see ``SQLScript`` and `Migrations`.
enum BuiltSQL {
    /// Adds rows of these columns, in order; returns their numbers as `id`.
    ///
    /// Of rows with a `dedupe_key` whose equal waits nothing is returned.
    static func insert(_ columns: [TaskColumn]) -> String {
        let arrays = columns.enumerated().map { number, column in "$\(number + 1)::\(column.arrayType)" }
        let conflict =
            "ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL DO NOTHING"
        return """
            INSERT INTO tasks (\(columns.map(\.target).joined(separator: ", ")))
            SELECT \(columns.map(expression).joined(separator: ", "))
            FROM unnest(\(arrays.joined(separator: ", ")))
                WITH ORDINALITY AS new (\(columns.map(\.rawValue).joined(separator: ", ")), no)
            ORDER BY no
            \(columns.contains(.dedupeKey) ? conflict : "")
            RETURNING id
            """
    }

    /// How an array's element becomes the column's value.
    private static func expression(_ column: TaskColumn) -> String {
        switch column {
        case .data: "new.data::json"
        case .runAt: "to_timestamp(new.run_at)"
        case .delay: "statement_timestamp() + make_interval(secs => new.delay)"
        case .expiresAt: "to_timestamp(new.expires_at)"
        case .lifetime: "statement_timestamp() + make_interval(secs => new.lifetime)"
        default: "new.\(column.rawValue)"
        }
    }

    /// Takes rows of these columns in COPY's text format.
    static func copy(_ columns: [TaskColumn]) -> String {
        "COPY tasks (\(columns.map(\.target).joined(separator: ", "))) FROM STDIN"
    }

    /// Looks for rows that the server's own text of a condition is false for, as it was not tried on those that were there before it.
    static func rows(notFulfilling condition: String) -> String {
        "SELECT id FROM ONLY tasks WHERE (\(condition)) IS FALSE ORDER BY id LIMIT 20"
    }

    /// Makes a schema.
    static func make(_ scratch: ScratchSchema) -> String { "CREATE SCHEMA \(scratch.name)" }
    /// Removes it with all that is in it.
    static func remove(_ scratch: ScratchSchema) -> String { "DROP SCHEMA IF EXISTS \(scratch.name) CASCADE" }

    /// Hears what others say on a channel.
    static func listen(to channel: String) -> String { "LISTEN \(channel)" }
    /// Says something there.
    static func notify(_ channel: String) -> String { "NOTIFY \(channel)" }
    /// Hears it no more; `*` for all channels.
    static func unlisten(_ channel: String) -> String { "UNLISTEN \(channel)" }

    /// Drops what a session has prepared, or all that it has; not to be prepared itself.
    static let forgetPlans = "DEALLOCATE ALL"
    static let forgetAll = "DISCARD ALL"

    /// Asks PgBouncer's console, which is no PostgreSQL and prepares nothing.
    static let poolerVersion = "SHOW VERSION"
}
