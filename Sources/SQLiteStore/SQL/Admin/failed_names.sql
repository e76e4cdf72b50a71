-- The names of FAILED rows, found by stepping from name to name.
--
-- :most  integer  the most names
-- Returns task_name (bytes).
WITH RECURSIVE name (task_name) AS (
    SELECT min(task_name) FROM tasks INDEXED BY tasks_failed WHERE status = 'FAILED'
    UNION ALL
    SELECT (
        SELECT min(next.task_name)
        FROM tasks AS next INDEXED BY tasks_failed
        WHERE next.status = 'FAILED' AND next.task_name > name.task_name
    )
    FROM name
    WHERE name.task_name IS NOT NULL
    LIMIT :most
)
SELECT CAST(task_name AS BLOB) AS task_name FROM name WHERE task_name IS NOT NULL
