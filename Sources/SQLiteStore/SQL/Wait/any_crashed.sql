-- Whether a row whose run died is due.
--
-- :now  text  the current moment
-- Returns one row or none.
SELECT 1
FROM tasks_after_crash AS tasks
WHERE julianday(run_at) <= julianday(:now)
    AND
    -- same: open_queue
    NOT EXISTS (
        SELECT 1 FROM task_queues AS q WHERE q.queue = tasks.queue AND julianday(q.paused_until) > julianday(:now)
    )
    -- end
LIMIT 1
