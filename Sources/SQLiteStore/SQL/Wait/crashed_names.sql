-- The task names of rows whose runs died.
--
-- :limit  integer  the most rows
-- Returns task_name (bytes).
SELECT DISTINCT CAST(task_name AS BLOB) AS task_name
FROM tasks INDEXED BY tasks_crashed
WHERE status = 'WAITING' AND crashes > 0 AND typeof(task_name) = 'text'
LIMIT :limit
