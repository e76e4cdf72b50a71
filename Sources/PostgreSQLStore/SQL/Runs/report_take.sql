-- Notes that names without a handler are reported now, if that was not done within the last hour.
--
-- Of several callers at once, one gets a name. A report from the future is one of another clock, and counts for nothing.
--
-- $1 names  text[]  the names
-- Returns task_name.
INSERT INTO task_reports (task_name, reported_at)
SELECT unknown.task_name, statement_timestamp()
FROM pg_catalog.unnest($1::text[]) AS unknown (task_name)
ORDER BY unknown.task_name
ON CONFLICT (task_name) DO UPDATE
SET reported_at = excluded.reported_at
WHERE task_reports.reported_at < excluded.reported_at - interval '1 hour'
    OR task_reports.reported_at > excluded.reported_at + interval '1 hour'
RETURNING task_name
