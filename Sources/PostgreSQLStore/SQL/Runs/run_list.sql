-- The newest runs, those seen last first.
--
-- $1 limit  int4  the most rows
-- Returns now, id, run, origin, host, pid, user_name, command, version, names, slots, began_at, seen_at, ended_at,
-- exit_status, error, is_idle, runs, claimed, succeeded, retried, failed, released, recovered, leases_lost.
SELECT statement_timestamp() AS now, id, run, origin, host, pid, user_name, command, version, names, slots, began_at,
    seen_at, ended_at, exit_status, error, is_idle, runs, claimed, succeeded, retried, failed, released, recovered,
    leases_lost
FROM ONLY task_runs
ORDER BY seen_at DESC
LIMIT $1::integer
