-- Whether any task waits for a batch, or counts are left.
--
-- Returns any_waits.
SELECT EXISTS (SELECT FROM ONLY tasks WHERE after_batch IS NOT NULL AND status = 'WAITING')
    OR EXISTS (SELECT FROM ONLY task_batches) AS any_waits
