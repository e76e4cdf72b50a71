-- The first tasks that have ended although their rows could not be written.
--
-- Returns task_id, error (bytes).
SELECT task_id, CAST(error AS BLOB) AS error
FROM task_stuck
ORDER BY noted_at
LIMIT 5
