-- When the first row of a task name, of those whose runs died, is due and its queue is not paused.
--
-- :name    text  the task name
-- :queues  JSON  GLOB patterns of the queues, or NULL for all
-- :except  JSON  GLOB patterns of the queues to leave out
-- Returns moment (Julian day), or NULL.
SELECT min(max(julianday(run_at), coalesce(
    (SELECT julianday(paused_until) FROM task_queues WHERE task_queues.queue = tasks.queue), 0
))) AS moment
FROM tasks_after_crash AS tasks
WHERE task_name = :name
    AND
    -- same: asked_queues
    (:queues IS NULL OR EXISTS (SELECT 1 FROM json_each(:queues) WHERE tasks.queue GLOB value))
    AND NOT EXISTS (SELECT 1 FROM json_each(:except) WHERE tasks.queue GLOB value)
    -- end
