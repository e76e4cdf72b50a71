-- Whether one row may be claimed by its number.
--
-- :id   integer  the number of the row
-- :now  text     the moment to go by
-- Returns id, or no row.
SELECT id
FROM tasks
WHERE id = :id AND status = 'WAITING' AND crashes = 0 AND julianday(run_at) <= julianday(:now)
    AND lock_key IS NULL AND after_batch IS NULL
    AND NOT (attempts = 0 AND expires_at IS NOT NULL AND julianday(expires_at) <= julianday(:now))
    AND NOT EXISTS (
        SELECT 1
        FROM task_queues
        WHERE task_queues.queue = tasks.queue AND julianday(paused_until) > julianday(:now)
    )
