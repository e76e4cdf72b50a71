-- Counts the FAILED rows of a task name by queue, up to so many.
--
-- :name  blob     the bytes of the name
-- :most  integer  the most rows
-- Returns queue, task_name (bytes), status, number, due (0), oldest_due (NULL).
SELECT CAST(queue AS BLOB) AS queue, CAST(:name AS BLOB) AS task_name, CAST('FAILED' AS BLOB) AS status,
    count(*) AS number, 0 AS due, NULL AS oldest_due
FROM (
    SELECT queue
    FROM tasks INDEXED BY tasks_failed
    WHERE status = 'FAILED' AND task_name = CAST(:name AS TEXT)
    LIMIT :most
) AS seen
GROUP BY seen.queue
