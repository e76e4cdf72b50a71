-- Counts the rows that runs hold, and the waiting rows that no lane has: those whose runs died, those behind others of
-- their lock key, and those that wait for a batch; up to so many of each kind.
--
-- :most  integer  the most rows of each kind
-- :now   text     the current moment
-- Returns queue, task_name (bytes), status, number, due (how many are due), oldest_due (Julian day, or NULL).
WITH seen AS (
    SELECT *
    FROM (
        SELECT queue, task_name, status, run_at, after_batch
        FROM tasks INDEXED BY tasks_lease
        WHERE status = 'PROCESSING'
        LIMIT :most
    )
    UNION ALL
    SELECT *
    FROM (
        SELECT queue, task_name, status, run_at, after_batch
        FROM tasks INDEXED BY tasks_crashed
        WHERE status = 'WAITING' AND crashes > 0
        LIMIT :most
    )
    UNION ALL
    SELECT *
    FROM (
        SELECT queue, task_name, status, run_at, after_batch
        FROM tasks INDEXED BY tasks_lock_behind
        WHERE status = 'WAITING' AND lock_place = 1 AND crashes = 0
        LIMIT :most
    )
    UNION ALL
    SELECT *
    FROM (
        SELECT queue, task_name, status, run_at, after_batch
        FROM tasks INDEXED BY tasks_after_batch
        WHERE after_batch IS NOT NULL AND status = 'WAITING' AND crashes = 0
        LIMIT :most
    )
)
SELECT CAST(queue AS BLOB) AS queue, CAST(task_name AS BLOB) AS task_name, CAST(status AS BLOB) AS status,
    count(*) AS number,
    count(
        CASE
            WHEN
            -- same: is_due
            status = 'WAITING' AND julianday(run_at) <= julianday(:now) AND after_batch IS NULL
            -- end
            THEN 1
        END
    ) AS due,
    min(
        CASE
            WHEN
            -- same: is_due
            status = 'WAITING' AND julianday(run_at) <= julianday(:now) AND after_batch IS NULL
            -- end
            THEN julianday(run_at)
        END
    ) AS oldest_due
FROM seen
GROUP BY seen.queue, seen.task_name, seen.status
