-- Removes a limit.
--
-- $1 kind  text  queue or name
-- $2 name  text  of the queue or task
DELETE FROM ONLY task_limits WHERE kind = $1 AND name = $2
