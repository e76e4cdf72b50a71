-- The first due rows without a lock key of a lane, in due order.
--
-- :name      text     the task name
-- :queue     blob     the bytes of the queue
-- :priority  real     the priority
-- :now       text     the moment to go by
-- :limit     integer  the most rows
-- Returns id, run_at (Julian day).
SELECT id, julianday(run_at) AS run_at
FROM tasks
WHERE
    -- same: plain_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
    -- end
    AND task_name = :name AND queue = CAST(:queue AS TEXT)
    AND priority = :priority AND julianday(run_at) <= julianday(:now)
ORDER BY julianday(tasks.run_at), id
LIMIT :limit
