-- The rows without a lock key of a task name, along the lanes behind a queue: a lane is one task name, queue and
-- priority.
--
-- It is ended where a lane has many rows, and run again from behind it (a loose index scan): see LaneScan. Queues are
-- stepped by their bytes, for text that is not UTF-8 would change on its way and be found again. For (queue, priority)
-- > (?, ?) SQLite would go to the first row that is equal and read all the equal ones; hence two statements, this one
-- and that of the priorities.
--
-- :name   text  the task name
-- :queue  blob  the bytes of the queue behind which it begins
-- Returns queue (bytes), priority, run_at (Julian day), id.
SELECT CAST(queue AS BLOB) AS queue, priority, julianday(run_at) AS run_at, id
FROM tasks
WHERE
    -- same: plain_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
    -- end
    AND task_name = :name
    -- x'' comes after every text and before every other blob.
    AND queue > CAST(:queue AS TEXT) AND queue < x''
    -- True for all rows that the table's checks let in. Of those that got past them, the ones without a place in the
    -- order are passed over.
    AND priority BETWEEN -2147483648 AND 2147483647 AND julianday(run_at) IS NOT NULL
ORDER BY tasks.queue, priority, julianday(tasks.run_at), id
