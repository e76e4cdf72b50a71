-- Triggers and rules of taskrun's tables that are not its own; whether a trigger is called before each row, and the
-- text of its function.
--
-- $1 tables  text[]  taskrun's tables
-- Returns table_name, name, events, is_on_delete, is_before, source.
WITH own AS (
    SELECT oid, relname
    FROM pg_catalog.pg_class
    WHERE relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()::text))::oid
        AND relkind IN ('r', 'p')
        AND (relname::text = 'tasks' OR relname::text = ANY ($1::text[]))
)
SELECT own.relname AS table_name, 'trigger ' || tgname::text AS name,
    pg_catalog.concat(
        CASE WHEN tgtype::integer & 2 <> 0 THEN 'BEFORE ' ELSE 'AFTER ' END,
        pg_catalog.concat_ws(' OR '::text,
            CASE WHEN tgtype::integer & 4 <> 0 THEN 'INSERT' END, CASE WHEN tgtype::integer & 16 <> 0 THEN 'UPDATE' END,
            CASE WHEN tgtype::integer & 8 <> 0 THEN 'DELETE' END, CASE
                WHEN tgtype::integer & 32 <> 0 THEN 'TRUNCATE' END
        )
    ) AS events,
    tgtype::integer & 8 <> 0 AS is_on_delete, tgtype::integer & 3 = 3 AS is_before, prosrc AS source
FROM pg_catalog.pg_trigger JOIN own ON own.oid = tgrelid JOIN pg_catalog.pg_proc ON pg_proc.oid = tgfoid
WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname::text NOT LIKE 'task\_notify%'
UNION ALL
SELECT own.relname, 'rule ' || rulename::text,
    CASE ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' WHEN '4' THEN 'DELETE' ELSE 'SELECT' END,
    ev_type = '4', false, ''
FROM pg_catalog.pg_rewrite JOIN own ON own.oid = ev_class
WHERE rulename::text <> '_RETURN' AND ev_enabled <> 'D'
ORDER BY 1, 2
