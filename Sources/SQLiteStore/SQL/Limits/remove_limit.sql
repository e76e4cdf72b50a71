-- Removes a limit.
--
-- :kind  text  'queue' or 'name'
-- :name  text  the queue or task name
DELETE FROM task_limits WHERE kind = :kind AND name = :name
