-- Notes that names without a handler are reported now, if that was not done within the last hour.
--
-- A report from the future is one of another clock, and counts for nothing.
--
-- :now    text  the current moment
-- :names  text  a JSON array of the names
-- Returns task_name.
INSERT INTO task_reports (task_name, reported_at)
SELECT value, :now
FROM json_each(:names)
WHERE true
ON CONFLICT (task_name) DO UPDATE
SET reported_at = excluded.reported_at
WHERE abs(julianday(task_reports.reported_at) - julianday(excluded.reported_at)) > 1.0 / 24
RETURNING task_name
