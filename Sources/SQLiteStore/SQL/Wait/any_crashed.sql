-- Whether a row is due that a run held when it died.
--
-- :now  text  the moment to go by
-- Returns one row, or none.
SELECT 1
FROM tasks INDEXED BY tasks_crashed
WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL AND julianday(run_at) <= julianday(:now)
    AND
    -- same: open_queue
    NOT EXISTS (
        SELECT 1 FROM task_queues AS q WHERE q.queue = tasks.queue AND julianday(q.paused_until) > julianday(:now)
    )
    -- end
LIMIT 1
