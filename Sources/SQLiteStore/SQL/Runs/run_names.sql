-- The task names that the runs of the last hour have handlers for, by host.
--
-- :now  text  the current moment
-- Returns host, names.
SELECT DISTINCT host, names
FROM task_runs INDEXED BY task_runs_seen
WHERE julianday(seen_at) > julianday(:now) - 1.0 / 24
