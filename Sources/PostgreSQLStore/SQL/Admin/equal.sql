-- The waiting row with a name and dedupe_key.
--
-- $1 name  text  the task name
-- $2 key   text  the dedupe_key
-- Returns id.
SELECT id
FROM ONLY tasks
WHERE status = 'WAITING' AND dedupe_key IS NOT NULL AND task_name = $1 AND dedupe_key = $2
