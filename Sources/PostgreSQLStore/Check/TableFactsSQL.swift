/// The statements of ``TableFacts``.
enum TableFactsSQL {
    /// Taskrun's tables in the schema of this session; no other program's should be named so.
    private static let own = """
        SELECT oid, relname
        FROM pg_catalog.pg_class
        WHERE relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()::text))::oid AND relkind IN ('r', 'p')
            AND (relname::text = 'tasks' OR relname::text = ANY ($1::text[]))
        """

    /// The names of the tables in the first schema.
    static let tables = Statement(
        once: """
            SELECT relname
            FROM pg_catalog.pg_class
            WHERE relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()::text))::oid AND relkind = 'r'
            """
    )

    /// The rights that a run needs and this role has not, and its name in any case.
    ///
    /// Value: taskrun's tables.
    static let rights = Statement(
        once: """
            SELECT current_user, own.relname, needed.name
            FROM (VALUES (1)) AS one LEFT JOIN (\(own)) AS own ON true
                LEFT JOIN LATERAL pg_catalog.unnest(
                    CASE
                        WHEN own.relname::text IN ('task_migrations', 'task_salt') THEN ARRAY['SELECT']
                        ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']
                    END
                ) AS needed (name) ON NOT pg_catalog.has_table_privilege(own.oid, needed.name)
            ORDER BY own.relname, needed.name
            """
    )

    /// Whether this role may make functions and blocks, as migrations do.
    static let language = Statement(
        once:
            "SELECT pg_catalog.has_language_privilege(oid, 'USAGE'::text) FROM pg_catalog.pg_language WHERE lanname = 'plpgsql'"
    )

    /// The sequence of the ids, its next number, and the greatest id below those that nobody is given.
    ///
    /// The number is NULL for who may not look at it. Of a sequence that was never used it is the first one.
    static let sequence = Statement(
        once: """
            SELECT named.name, pg_catalog.has_sequence_privilege(named.name, 'USAGE'::text),
                CASE
                    WHEN pg_catalog.has_sequence_privilege(named.name, 'USAGE'::text) OR pg_catalog.has_sequence_privilege(named.name, 'SELECT'::text)
                    THEN coalesce(pg_catalog.pg_sequence_last_value(named.name::regclass) + seqincrement, seqstart)
                END,
                (SELECT pg_catalog.max(id) FROM ONLY tasks WHERE id <= 4611686018427387904)
            FROM (SELECT pg_catalog.pg_get_serial_sequence('tasks'::text, 'id'::text) AS name) AS named
                JOIN pg_catalog.pg_sequence ON seqrelid = named.name::regclass::oid
            """
    )

    /// Foreign keys of other tables that keep a row of `tasks` from being deleted.
    static let keepers = Statement(
        once: """
            SELECT conrelid::regclass::text, conname
            FROM pg_catalog.pg_constraint
            WHERE confrelid = pg_catalog.to_regclass('tasks'::text)::oid AND contype = 'f' AND confdeltype IN ('a', 'r')
            ORDER BY 1, 2
            """
    )

    /// Triggers and rules of taskrun's tables that are not its own.
    ///
    /// Value: taskrun's tables.
    static let triggers = Statement(
        once: """
            SELECT own.relname, 'trigger ' || tgname::text,
                pg_catalog.concat(
                    CASE WHEN tgtype::integer & 2 <> 0 THEN 'BEFORE ' ELSE 'AFTER ' END,
                    pg_catalog.concat_ws(' OR '::text,
                        CASE WHEN tgtype::integer & 4 <> 0 THEN 'INSERT' END, CASE WHEN tgtype::integer & 16 <> 0 THEN 'UPDATE' END,
                        CASE WHEN tgtype::integer & 8 <> 0 THEN 'DELETE' END, CASE WHEN tgtype::integer & 32 <> 0 THEN 'TRUNCATE' END
                    )
                )
            FROM pg_catalog.pg_trigger JOIN (\(own)) AS own ON own.oid = tgrelid
            WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname::text NOT LIKE 'task\\_notify%'
            UNION ALL
            SELECT own.relname, 'rule ' || rulename::text,
                CASE ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' WHEN '4' THEN 'DELETE' ELSE 'SELECT' END
            FROM pg_catalog.pg_rewrite JOIN (\(own)) AS own ON own.oid = ev_class
            WHERE rulename::text <> '_RETURN' AND ev_enabled <> 'D'
            ORDER BY 1, 2
            """
    )

    /// What the tables of the first schema are made of, a line each, without the schema's name: columns, constraints, indexes.
    ///
    /// Value: taskrun's tables.
    static let shape = Statement(
        once: """
            WITH own AS (\(own)), parts (place, table_name, text) AS (
                SELECT relname::text || '.' || attname::text, relname, pg_catalog.concat_ws(' '::text,
                    'column', relname::text || '.' || attname::text, pg_catalog.format_type(atttypid, atttypmod),
                    CASE WHEN attnotnull THEN 'NOT NULL' END,
                    'DEFAULT ' || pg_catalog.pg_get_expr(adbin, adrelid), CASE WHEN attidentity <> '' THEN 'IDENTITY' END
                )
                FROM own JOIN pg_catalog.pg_attribute ON attrelid = own.oid AND attnum > 0 AND NOT attisdropped
                    LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
                UNION ALL
                SELECT conname, relname, pg_catalog.concat_ws(' '::text, 'constraint', conname, 'of', relname, pg_catalog.pg_get_constraintdef(pg_constraint.oid))
                FROM own JOIN pg_catalog.pg_constraint ON conrelid = own.oid AND contype IN ('c', 'p', 'u', 'x')
                UNION ALL
                SELECT index.relname, own.relname, pg_catalog.concat_ws(' '::text, pg_catalog.pg_get_indexdef(indexrelid), CASE WHEN NOT indisvalid THEN 'INVALID' END)
                FROM own JOIN pg_catalog.pg_index ON indrelid = own.oid
                    JOIN pg_catalog.pg_class AS index ON index.oid = indexrelid
            )
            SELECT place, table_name, pg_catalog.replace(pg_catalog.replace(text, pg_catalog.quote_ident(pg_catalog.current_schema()::text) || '.', ''), 'pg_temp.', '')
            FROM parts
            ORDER BY 1, 2
            """
    )

    /// A place for tables of this session alone, which is gone with the transaction.
    static let scratch = Statement(
        once:
            "SELECT pg_catalog.set_config('search_path', 'pg_temp', true), pg_catalog.set_config('lock_timeout', '1s', true)"
    )
}
