-- Whether there are counts for which no task waits.
--
-- Returns one row or none.
SELECT 1
FROM task_batches
WHERE
    -- same: deserted_counts
    NOT EXISTS (
        SELECT 1
        FROM tasks
        WHERE after_batch = task_batches.batch AND after_batch IS NOT NULL AND status = 'WAITING'
    )
    -- end
LIMIT 1
