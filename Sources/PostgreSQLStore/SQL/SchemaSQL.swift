import Migrations

/// The statements that look at the schema and keep its record.
///
/// The tables are looked up in `current_schema()`, the first schema of `search_path` that exists: there they are made,
/// and there the store's other statements find them.
enum SchemaSQL {
    /// Whether this program knows the tables well enough to begin tasks, and to change those that wait.
    ///
    /// A migration that says no has altered or locked `tasks`: a statement that began before it ends before it.
    static let isKnown = """
        (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= \(Migration.newest)
        """

    /// The least version that a program must know to begin tasks, if this one does not.
    static let newer = Statement(
        "schema_newer",
        "SELECT max(least_version) FROM ONLY task_migrations HAVING max(least_version) > \(Migration.newest)"
    )

    /// The schema's name and the server's encoding; of each of taskrun's tables (or views, or the like) there is, what kind it is, which
    /// tables inherit from it, the types of its columns, what row-level security lets this role see (see ``RowSight``), the rules that rewrite
    /// statements, and whether it has triggers of somebody else's that act once an UPDATE has ended.
    ///
    /// A row in any case. A table that once had children is marked for long, so they are looked for where the mark is.
    /// To plan this takes the server a millisecond: ``marks`` says whether there is a need.
    static let tables = Statement(
        "schema_tables",
        """
        SELECT current_schema(), current_setting('server_encoding'), own.relname, own.relkind,
            CASE
                WHEN own.relhassubclass THEN (
                    SELECT string_agg(inhrelid::regclass::text, ', ' ORDER BY inhrelid)
                    FROM pg_catalog.pg_inherits
                    WHERE inhparent = own.oid
                )
            END,
            \(columns),
            CASE WHEN own.relrowsecurity AND pg_catalog.row_security_active(own.oid) THEN (\(RowSecuritySQL.sight)) END,
            CASE
                WHEN own.relhasrules THEN (
                    SELECT string_agg(pg_catalog.format('DROP RULE %I ON %I', rulename, own.relname), '; ' ORDER BY rulename)
                    FROM pg_catalog.pg_rewrite
                    WHERE ev_class = own.oid AND ev_type <> '1' AND ev_enabled <> 'D'
                )
            END,
            own.relhastriggers AND EXISTS (
                SELECT
                FROM pg_catalog.pg_trigger
                WHERE tgrelid = own.oid AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype::integer & 2 = 0 AND tgtype::integer & 16 <> 0
                    AND tgname NOT IN ('task_notify_insert', 'task_notify_update')
            )
        FROM \(found)
        """
    )

    /// The same columns with nothing but marks of what ``tables`` looks for: the last one says whether there is any of these.
    static let marks = Statement(
        "schema_marks",
        """
        SELECT current_schema(), current_setting('server_encoding'), own.relname, own.relkind, NULL::text, \(columns), NULL::text, NULL::text,
            own.relhassubclass OR own.relrowsecurity OR own.relhasrules OR own.relhastriggers
        FROM \(found)
        """
    )

    private static let columns = """
        (
            -- With quote_all_identifiers = on it is "text".
            SELECT string_agg(attname::text || ' ' || replace(pg_catalog.format_type(atttypid, NULL), '"', ''), ',')
            FROM pg_catalog.pg_attribute
            WHERE attrelid = own.oid AND attnum > 0 AND NOT attisdropped
        )
        """

    private static let found = """
        (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_class AS own
            ON relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
            AND relname IN ('tasks', 'task_migrations', 'task_results', 'task_queues', 'task_limits', 'task_batches')
            AND relkind IN ('r', 'p', 'v', 'm', 'f')
        """

    /// What was run, by version.
    ///
    /// The whole table as a sample: the server takes samples of tables only. So a view of that name, which may call any function of
    /// the role that made it, is refused before it is planned.
    static let migrations = Statement(
        "schema_migrations",
        """
        SELECT version, checksum
        FROM ONLY task_migrations TABLESAMPLE SYSTEM (100)
        WHERE \(exists("task_migrations"))
        ORDER BY version
        """
    )

    /// Makes a second migration of the same schema wait for the first to end.
    static let lock = Statement(
        "schema_lock",
        """
        SELECT pg_advisory_xact_lock(hashtextextended('taskrun migrate ' || coalesce(current_schema()::text, ''), 0::bigint))
        """
    )

    /// Building an index on a large table may take long; waiting for somebody's lock may not: others queue up behind it.
    static let patience = Statement(
        "schema_patience",
        """
        SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '1s', true)
        """
    )

    /// Whose transaction on the tables has been open for longest.
    static let holder = Statement(
        "schema_holder",
        """
        SELECT pid, application_name
        FROM pg_catalog.pg_stat_activity
        WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND pid IN (
            SELECT pg_locks.pid
            FROM pg_catalog.pg_locks JOIN pg_catalog.pg_class ON pg_class.oid = pg_locks.relation
            WHERE pg_locks.granted AND pg_class.relnamespace = current_schema()::regnamespace::oid
                AND (pg_class.relname = 'tasks' OR pg_class.relname LIKE 'task\\_%')
        )
        ORDER BY xact_start
        LIMIT 1
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
