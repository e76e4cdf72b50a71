-- Locks the counts that nobody waits for; whoever counts at this moment has somebody who waits.
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
