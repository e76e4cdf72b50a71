-- Counts by queue, task name and state. It reads the whole table.
--
-- :now  text  the current moment
-- Returns queue, task_name, status, number, due (how many are due), oldest_due (Julian day, or NULL); texts as bytes.
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
FROM tasks
GROUP BY tasks.queue, tasks.task_name, tasks.status
ORDER BY tasks.queue, tasks.task_name, tasks.status
