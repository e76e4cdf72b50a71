-- The newest runs, those seen last first.
--
-- :limit  integer  the most rows
-- Returns id, run, origin, host, pid, user_name, command, version, names, slots, began_at, seen_at, ended_at (Julian
-- days), exit_status, error, is_idle, runs, claimed, succeeded, retried, failed, released, recovered, leases_lost.
SELECT id, run, origin, host, pid, user_name, command, version, names, slots, julianday(began_at) AS began_at,
    julianday(seen_at) AS seen_at, julianday(ended_at) AS ended_at, exit_status, error, is_idle, runs, claimed,
    succeeded, retried, failed, released, recovered, leases_lost
FROM task_runs INDEXED BY task_runs_seen
ORDER BY julianday(task_runs.seen_at) DESC
LIMIT :limit
