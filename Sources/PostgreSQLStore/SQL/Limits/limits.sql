-- All limits of queues and names.
--
-- Returns kind, name, max_running, max_per_minute.
SELECT kind, name, max_running, max_per_minute FROM ONLY task_limits
