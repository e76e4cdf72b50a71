-- The rows without a lock key of a task name and queue, lane by lane, after a priority.
--
-- The caller ends it in a lane with many rows, and runs it again from the next lane: see LaneScan.
--
-- :name      text  the task name
-- :queue     blob  the bytes of the queue
-- :priority  real  the priority after which it begins
-- Returns queue (bytes), priority, run_at (Julian day), id.
SELECT CAST(queue AS BLOB) AS queue, priority, julianday(run_at) AS run_at, id
FROM tasks_plain AS tasks
WHERE task_name = :name AND queue = CAST(:queue AS TEXT)
    -- As for the queues: rows that do not obey the table's checks are skipped.
    AND priority > :priority AND priority <= 2147483647 AND julianday(run_at) IS NOT NULL
ORDER BY priority, julianday(tasks.run_at), id
