-- The schemas that have taskrun's tables, and whether this role may use them.
--
-- Also search_path as the user has set it, and this role. There is always a row.
--
-- Returns schema, may_use, path, role.
SELECT found.nspname AS schema, pg_catalog.has_schema_privilege(found.oid, 'USAGE'::text) AS may_use,
    path.reset_val AS path, current_user AS role
FROM pg_catalog.pg_settings AS path LEFT JOIN (
    SELECT pg_namespace.oid, nspname
    FROM pg_catalog.pg_namespace JOIN pg_catalog.pg_class AS tasks ON tasks.relnamespace = pg_namespace.oid
        JOIN pg_catalog.pg_class AS made ON made.relnamespace = pg_namespace.oid
    WHERE tasks.relname::text = 'tasks' AND made.relname::text = 'task_migrations'
        AND nspname::text NOT LIKE 'pg\_temp%'
) AS found ON true
WHERE path.name::text = 'search_path'
ORDER BY pg_catalog.strpos(path.reset_val, found.nspname::text) = 0, found.nspname
LIMIT 20
