-- The task names that the runs of the last hour have handlers for, by host.
--
-- Returns host, names.
SELECT DISTINCT host, names::text AS names
FROM ONLY task_runs
WHERE seen_at > statement_timestamp() - interval '1 hour'
