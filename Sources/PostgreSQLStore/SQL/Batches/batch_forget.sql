-- Forgets the counts of batches for which no task waits any more.
--
-- $1 batches  text[]  their names
DELETE FROM ONLY task_batches
WHERE batch = ANY ($1::text[]) AND
    -- same: batch_deserted
    NOT EXISTS (
        SELECT FROM ONLY tasks
        WHERE after_batch = task_batches.batch AND after_batch IS NOT NULL AND status = 'WAITING'
    )
    -- end
