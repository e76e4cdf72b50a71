-- All limits.
--
-- Returns kind, name (bytes), max_running, max_per_minute.
SELECT kind, CAST(name AS BLOB) AS name, max_running, max_per_minute
FROM task_limits
