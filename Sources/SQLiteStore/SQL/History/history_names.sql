-- The task names of the newest lines.
--
-- :limit  integer  so many lines
-- Returns task_name (bytes).
SELECT DISTINCT CAST(task_name AS BLOB) AS task_name
FROM (SELECT task_name FROM task_history ORDER BY no DESC LIMIT :limit)
