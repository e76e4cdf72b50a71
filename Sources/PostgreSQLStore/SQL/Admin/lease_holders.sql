-- Who holds leases.
--
-- Moments are sent as whole microseconds since 2000, as the server keeps them: since 1970 the last ones that it knows
-- would be more than fit in. An infinite one is NULL.
--
-- Returns lease_owner, tasks, first_lease_end.
SELECT lease_owner, count(*) AS tasks,
    CASE WHEN isfinite(min(lease_expires_at))
        THEN ((extract(epoch FROM min(lease_expires_at)) OPERATOR(pg_catalog.-) 946684800)
            OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS first_lease_end
FROM ONLY tasks
WHERE status = 'PROCESSING'
GROUP BY lease_owner
ORDER BY lease_owner NULLS LAST
