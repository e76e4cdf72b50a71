-- Forgets counts for which no task waits.
DELETE FROM task_batches
WHERE
    -- same: deserted_counts
    NOT EXISTS (
        SELECT 1
        FROM tasks
        WHERE after_batch = task_batches.batch AND after_batch IS NOT NULL AND status = 'WAITING'
    )
    -- end
