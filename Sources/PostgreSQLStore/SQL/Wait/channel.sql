-- The channel on which the triggers of this table announce tasks; no row if they are not installed.
--
-- Returns channel.
SELECT 'taskrun_' || tgrelid::text AS channel
FROM pg_catalog.pg_trigger
WHERE tgrelid = to_regclass('tasks')::oid AND tgname = 'task_notify_insert' AND tgenabled IN ('O', 'A')
