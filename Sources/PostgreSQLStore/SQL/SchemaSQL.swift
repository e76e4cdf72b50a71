/// The statements that look at the schema and keep its record.
///
/// The tables are looked up in `current_schema()`, the first schema of `search_path` that exists: there they are made,
/// and there the store's other statements find them.
enum SchemaSQL {
    /// The schema's name, and whether it has a table (or view, or the like) of either name.
    static let tables = Statement(
        "schema_tables",
        """
        SELECT current_schema(), \(exists("tasks")), \(exists("task_migrations"))
        """
    )

    /// What was run, by version.
    static let migrations = Statement(
        "schema_migrations",
        """
        SELECT version, checksum
        FROM task_migrations
        WHERE \(exists("task_migrations"))
        ORDER BY version
        """
    )

    /// Makes a second migration of the same schema wait for the first to end.
    static let lock = Statement(
        "schema_lock",
        """
        SELECT pg_advisory_xact_lock(hashtextextended('taskrun migrate ' || coalesce(current_schema(), ''), 0))
        """
    )

    /// Building an index on a large table may take long; waiting for somebody's lock may not.
    static let patience = Statement(
        "schema_patience",
        """
        SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '30s', true)
        """
    )

    /// Notes what was run.
    ///
    /// Values: version, name, checksum.
    static let record = Statement(
        "schema_record",
        """
        INSERT INTO task_migrations (version, name, checksum) VALUES ($1::integer, $2, $3)
        """
    )

    private static func exists(_ table: String) -> String {
        """
        EXISTS (
            SELECT
            FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
            WHERE pg_class.relname = '\(table)' AND pg_class.relkind IN ('r', 'p', 'v', 'm', 'f')
                AND pg_namespace.nspname = current_schema()
        )
        """
    }
}
