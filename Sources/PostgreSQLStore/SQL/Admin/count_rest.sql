-- Counts the rows that runs hold, and the waiting rows that no lane has: those whose runs died, those behind others of
-- their lock key, and those that wait for a batch; up to so many of each kind.
--
-- $1 most  int8  the most rows of each kind
-- Returns queue, task_name, status, tasks, due, oldest_due.
WITH seen AS MATERIALIZED (
    (
        SELECT queue, task_name, status, run_at, after_batch
        FROM ONLY tasks
        WHERE status = 'PROCESSING'
        LIMIT $1::bigint
    )
    UNION ALL
    (
        SELECT queue, task_name, status, run_at, after_batch
        FROM ONLY tasks
        WHERE status = 'WAITING' AND crashes > 0
        LIMIT $1::bigint
    )
    UNION ALL
    (
        SELECT queue, task_name, status, run_at, after_batch
        FROM ONLY tasks
        WHERE status = 'WAITING' AND lock_place = 1 AND crashes = 0
        LIMIT $1::bigint
    )
    UNION ALL
    (
        SELECT queue, task_name, status, run_at, after_batch
        FROM ONLY tasks
        WHERE after_batch IS NOT NULL AND status = 'WAITING' AND crashes = 0
        LIMIT $1::bigint
    )
)
SELECT queue, task_name, status, count(*) AS tasks,
    count(*) FILTER (WHERE status = 'WAITING' AND run_at <= now() AND after_batch IS NULL) AS due,
    min(run_at) FILTER (WHERE status = 'WAITING' AND run_at <= now() AND after_batch IS NULL) AS oldest_due
FROM seen
GROUP BY seen.queue, seen.task_name, seen.status
