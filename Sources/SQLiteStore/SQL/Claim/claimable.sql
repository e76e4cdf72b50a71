-- Whether a row may be claimed by its number.
--
-- :id      integer  the number of the row
-- :now     text     the current moment
-- :names   JSON     the task names
-- :queues  JSON     patterns of queues for GLOB, or NULL for all
-- :except  JSON     patterns of queues that are left out
-- Returns id, or no row.
SELECT id
FROM tasks_plain AS tasks
WHERE id = :id AND julianday(run_at) <= julianday(:now)
    AND task_name IN (SELECT value FROM json_each(:names))
    AND
    -- same: asked_queues
    (:queues IS NULL OR EXISTS (SELECT 1 FROM json_each(:queues) WHERE tasks.queue GLOB value))
    AND NOT EXISTS (SELECT 1 FROM json_each(:except) WHERE tasks.queue GLOB value)
    -- end
    AND NOT (attempts = 0 AND expires_at IS NOT NULL AND julianday(expires_at) <= julianday(:now))
    AND NOT EXISTS (
        SELECT 1
        FROM task_queues
        WHERE task_queues.queue = tasks.queue AND julianday(paused_until) > julianday(:now)
    )
