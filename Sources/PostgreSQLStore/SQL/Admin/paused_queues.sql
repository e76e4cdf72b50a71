-- The queues that are paused.
--
-- Moments are sent as whole microseconds since 2000, as the server keeps them: since 1970 the last ones that it knows
-- would be more than fit in. An infinite one is NULL.
--
-- Returns queue, paused_until, paused_at, paused_why, paused_by.
SELECT queue,
    CASE WHEN isfinite(paused_until)
        THEN ((extract(epoch FROM paused_until) OPERATOR(pg_catalog.-) 946684800)
            OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS paused_until,
    CASE WHEN isfinite(paused_at)
        THEN ((extract(epoch FROM paused_at) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS paused_at,
    paused_why, paused_by
FROM ONLY task_queues
WHERE paused_until > now()
ORDER BY queue
