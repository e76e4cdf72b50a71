-- The first due rows whose runs died, in due order. They are few.
--
-- :least   integer  the fewest crashes
-- :most    integer  the most crashes
-- :names   JSON     the task names
-- :queues  JSON     GLOB patterns of the queues, or NULL for all
-- :except  JSON     GLOB patterns of the queues to leave out
-- :now     text     the current moment
-- :limit   integer  the most rows
-- Returns id, priority, run_at (Julian day).
SELECT id, CAST(priority AS REAL) AS priority, julianday(run_at) AS run_at
FROM tasks_after_crash AS tasks
WHERE crashes BETWEEN :least AND :most
    AND task_name IN (SELECT value FROM json_each(:names)) AND (lock_key IS NULL OR lock_place = 2)
    AND
    -- same: asked_queues
    (:queues IS NULL OR EXISTS (SELECT 1 FROM json_each(:queues) WHERE tasks.queue GLOB value))
    AND NOT EXISTS (SELECT 1 FROM json_each(:except) WHERE tasks.queue GLOB value)
    -- end
    AND julianday(run_at) <= julianday(:now)
    AND
    -- same: open_queue
    NOT EXISTS (
        SELECT 1 FROM task_queues AS q WHERE q.queue = tasks.queue AND julianday(q.paused_until) > julianday(:now)
    )
    -- end
ORDER BY tasks.priority, julianday(tasks.run_at), id
LIMIT :limit
