-- Locks the counts for which no task waits. Counts that change at this moment have one that waits.
--
-- What they return is forgotten by the next statement, which looks again who waits.
--
-- Returns batch.
SELECT batch FROM ONLY task_batches WHERE
    -- same: batch_deserted
    NOT EXISTS (
        SELECT FROM ONLY tasks
        WHERE after_batch = task_batches.batch AND after_batch IS NOT NULL AND status = 'WAITING'
    )
    -- end
    FOR UPDATE SKIP LOCKED
