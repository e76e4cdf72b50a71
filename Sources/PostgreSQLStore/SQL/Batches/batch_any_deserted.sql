-- Whether there are counts of batches for which no task waits any more.
--
-- Returns any_deserted.
SELECT EXISTS (SELECT FROM ONLY task_batches WHERE
    -- same: batch_deserted
    NOT EXISTS (
        SELECT FROM ONLY tasks
        WHERE after_batch = task_batches.batch AND after_batch IS NOT NULL AND status = 'WAITING'
    )
    -- end
) AS any_deserted
