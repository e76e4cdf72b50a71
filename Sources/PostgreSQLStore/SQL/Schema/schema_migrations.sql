-- The migrations that were run, by version.
--
-- It reads the whole table as a sample: the server takes samples of tables only. A view of that name could call any
-- function of the role that made it; so it is refused before it is planned.
--
-- Returns version, checksum.
SELECT version, checksum
FROM ONLY task_migrations TABLESAMPLE SYSTEM (100)
WHERE EXISTS (
    SELECT
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    WHERE pg_class.relname = 'task_migrations' AND pg_class.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND pg_namespace.nspname = current_schema()
)
ORDER BY version
