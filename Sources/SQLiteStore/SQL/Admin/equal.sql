-- The waiting task with a name and dedupe_key.
--
-- :name        text  the task name
-- :dedupe_key  text  the key
-- Returns id.
SELECT id
FROM tasks
WHERE status = 'WAITING' AND dedupe_key IS NOT NULL AND task_name = :name AND dedupe_key = :dedupe_key
