-- When the first row of a task name is due, and its queue open, that a run held when it died.
--
-- :name    text  the task name
-- :queues  JSON  patterns of queues for GLOB, or NULL for all
-- :except  JSON  patterns of queues that are left out
-- Returns moment (Julian day), or NULL.
SELECT min(max(julianday(run_at), coalesce(
    (SELECT julianday(paused_until) FROM task_queues WHERE task_queues.queue = tasks.queue), 0
))) AS moment
FROM tasks INDEXED BY tasks_crashed
WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND task_name = :name
    AND
    -- same: asked_queues
    (:queues IS NULL OR EXISTS (SELECT 1 FROM json_each(:queues) WHERE tasks.queue GLOB value))
    AND NOT EXISTS (SELECT 1 FROM json_each(:except) WHERE tasks.queue GLOB value)
    -- end
