-- The rows without a lock key of a task name and queue, along the lanes behind a priority.
--
-- It is ended where a lane has many rows, and run again from behind it: see LaneScan.
--
-- :name      text  the task name
-- :queue     blob  the bytes of the queue
-- :priority  real  the priority behind which it begins
-- Returns queue (bytes), priority, run_at (Julian day), id.
SELECT CAST(queue AS BLOB) AS queue, priority, julianday(run_at) AS run_at, id
FROM tasks
WHERE
    -- same: plain_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
    -- end
    AND task_name = :name AND queue = CAST(:queue AS TEXT)
    -- As for the queues: what got past the table's checks is passed over.
    AND priority > :priority AND priority <= 2147483647 AND julianday(run_at) IS NOT NULL
ORDER BY priority, julianday(tasks.run_at), id
