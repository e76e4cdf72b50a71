-- The rows without a lock key of a task name, lane by lane, after a queue. A lane has one task name, queue and
-- priority.
--
-- The caller ends it in a lane with many rows, and runs it again from the next lane (a loose index scan): see LaneScan.
-- Queues are compared by their bytes, because text that is not UTF-8 would change on its way and be found again. For
-- (queue, priority) > (?, ?) SQLite would read all rows of the equal queue. Hence there are two statements, this one
-- and the one for priorities.
--
-- :name   text  the task name
-- :queue  blob  the bytes of the queue after which it begins
-- Returns queue (bytes), priority, run_at (Julian day), id.
SELECT CAST(queue AS BLOB) AS queue, priority, julianday(run_at) AS run_at, id
FROM tasks_plain AS tasks
WHERE task_name = :name
    -- x'' sorts after every text and before every other blob.
    AND queue > CAST(:queue AS TEXT) AND queue < x''
    -- True for all rows that obey the table's checks. Other rows without a position in the order are skipped.
    AND priority BETWEEN -2147483648 AND 2147483647 AND julianday(run_at) IS NOT NULL
ORDER BY tasks.queue, priority, julianday(tasks.run_at), id
