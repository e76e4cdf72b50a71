-- Counts ends of tasks of a batch, if a task waits for that batch.
--
-- :batch      text     the batch
-- :complete   integer  how many are done
-- :cancelled  integer  how many were cancelled
INSERT INTO task_batches (batch, complete, cancelled)
SELECT :batch, :complete, :cancelled
WHERE EXISTS (
    SELECT 1 FROM tasks WHERE after_batch = :batch AND after_batch IS NOT NULL AND status = 'WAITING'
)
ON CONFLICT (batch) DO UPDATE
SET complete = complete + excluded.complete, cancelled = cancelled + excluded.cancelled
