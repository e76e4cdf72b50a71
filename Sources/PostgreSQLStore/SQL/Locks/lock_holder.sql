-- The transaction that has been open longest among those that keep others from reading or writing.
--
-- What another role's transaction reports about itself may be hidden: then only its number is known.
--
-- Returns holder.
SELECT pg_catalog.concat(
    'the table ', pg_class.relname, ' is locked by process ', pg_locks.pid,
    ' (' || pg_catalog.concat_ws(', '::text, usename, nullif(application_name, '')) || ')',
    ', in a transaction that has been open for '
        || (extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::bigint)::text || ' s'
) AS holder
FROM pg_catalog.pg_locks JOIN pg_catalog.pg_class ON pg_class.oid = pg_locks.relation
    LEFT JOIN pg_catalog.pg_stat_activity ON pg_stat_activity.pid = pg_locks.pid
WHERE pg_locks.granted AND pg_locks.pid <> pg_catalog.pg_backend_pid()
    AND pg_locks.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    AND pg_class.relnamespace
        = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()::text))::oid
    AND (pg_class.relname::text = 'tasks' OR pg_class.relname::text LIKE 'task\_%')
ORDER BY xact_start
LIMIT 1
