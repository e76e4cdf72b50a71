-- The counts by queue, name and state.
--
-- Moments are sent as whole microseconds since 2000, as the server keeps them: since 1970 the last ones that it knows
-- would be more than fit in. An infinite one is NULL.
--
-- Returns queue, task_name, status, tasks, due, oldest_due.
SELECT queue, task_name, status, count(*) AS tasks,
    count(*) FILTER (WHERE status = 'WAITING' AND run_at <= now() AND after_batch IS NULL) AS due,
    CASE WHEN isfinite(min(run_at) FILTER (WHERE status = 'WAITING' AND run_at <= now() AND after_batch IS NULL))
        THEN ((extract(epoch FROM min(run_at) FILTER (WHERE status = 'WAITING' AND run_at <= now()
            AND after_batch IS NULL)) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS oldest_due
FROM ONLY tasks
GROUP BY queue, task_name, status
ORDER BY queue, task_name, status
