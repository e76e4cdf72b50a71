-- The columns of schema_tables.sql with nothing but marks for what that looks up: has_triggers says whether there is
-- anything.
--
-- Returns schema, encoding, relname, relkind, children, columns, sight, rules, has_triggers.
SELECT current_schema() AS schema, current_setting('server_encoding') AS encoding, own.relname, own.relkind,
    NULL::text AS children,
    -- same: table_columns
    (
        -- With quote_all_identifiers = on, PostgreSQL writes the type text as "text", in quotation marks.
        SELECT string_agg(attname::text || ' ' || replace(pg_catalog.format_type(atttypid, NULL), '"', ''), ',')
        FROM pg_catalog.pg_attribute
        WHERE attrelid = own.oid AND attnum > 0 AND NOT attisdropped
    )
    -- end
    AS columns, NULL::text AS sight, NULL::text AS rules,
    own.relhassubclass OR own.relrowsecurity OR own.relhasrules OR own.relhastriggers AS has_triggers
FROM
    -- same: tables_found
    (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_class AS own
        ON relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
        AND relname IN ('tasks', 'task_migrations', 'task_results', 'task_queues', 'task_limits', 'task_batches')
        AND relkind IN ('r', 'p', 'v', 'm', 'f')
    -- end
