-- The rights that a run needs and this role lacks; always with the role's name.
--
-- $1 tables  text[]  taskrun's tables
-- Returns role, table_name, missing.
SELECT current_user AS role, own.relname AS table_name, needed.name AS missing
FROM (VALUES (1)) AS one LEFT JOIN (
    -- same: own_tables
    SELECT oid, relname
    FROM pg_catalog.pg_class
    WHERE relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()::text))::oid
        AND relkind IN ('r', 'p')
        AND (relname::text = 'tasks' OR relname::text = ANY ($1::text[]))
    -- end
) AS own ON true
    LEFT JOIN LATERAL pg_catalog.unnest(
        CASE
            WHEN own.relname::text IN ('task_migrations', 'task_salt') THEN ARRAY['SELECT']
            ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']
        END
    ) AS needed (name) ON NOT pg_catalog.has_table_privilege(own.oid, needed.name)
ORDER BY own.relname, needed.name
