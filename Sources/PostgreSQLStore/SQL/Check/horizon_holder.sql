-- The holder of the oldest snapshot or transaction number of this database, except this session.
--
-- A session of a role that this one may not see has no xact_start: it is left out, as nothing certain is known of it.
-- The server does not count the snapshot of a VACUUM. A slot's catalog_xmin matters for catalogs only.
--
-- Returns kind, name, role, application, client, state, began_at, age.
SELECT kind, name, role, application, client, state,
    (extract(epoch FROM start) OPERATOR(pg_catalog.*) 1000000)::bigint AS began_at,
    (extract(epoch FROM clock_timestamp() - start) OPERATOR(pg_catalog.*) 1000000)::bigint AS age
FROM (
    SELECT 'session' AS kind, pid::text AS name, usename::text AS role,
        nullif(application_name, '') AS application, host(client_addr) AS client, state,
        xact_start AS start, greatest(age(backend_xmin), age(backend_xid)) AS distance
    FROM pg_catalog.pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        AND xact_start IS NOT NULL AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
        AND pid NOT IN (SELECT pid FROM pg_catalog.pg_stat_progress_vacuum)
    UNION ALL
    SELECT 'prepared', gid, NULL, NULL, NULL, NULL, prepared, age(transaction)
    FROM pg_catalog.pg_prepared_xacts
    WHERE database = current_database()
    UNION ALL
    SELECT 'slot', slot_name::text, NULL, NULL, NULL, CASE WHEN active THEN 'active' END, NULL, age(xmin)
    FROM pg_catalog.pg_replication_slots
    WHERE xmin IS NOT NULL
) AS holder
ORDER BY distance DESC, start
LIMIT 1
