-- The owner of the transaction on the tables that has been open longest.
--
-- Returns pid, application_name.
SELECT pid, application_name
FROM pg_catalog.pg_stat_activity
WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND pid IN (
    SELECT pg_locks.pid
    FROM pg_catalog.pg_locks JOIN pg_catalog.pg_class ON pg_class.oid = pg_locks.relation
    WHERE pg_locks.granted AND pg_class.relnamespace = current_schema()::regnamespace::oid
        AND (pg_class.relname = 'tasks' OR pg_class.relname LIKE 'task\_%')
)
ORDER BY xact_start
LIMIT 1
