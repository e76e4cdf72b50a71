-- Locks the counts of batches for which no task waits. Counts that change at this moment belong to a batch for which a
-- task waits.
--
-- The next statement forgets the returned ones, and checks again which tasks wait.
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
