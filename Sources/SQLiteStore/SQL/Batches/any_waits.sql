-- Whether a task waits for a batch, or counts of a batch are left.
--
-- Returns one row or none.
SELECT 1
FROM tasks INDEXED BY tasks_after_batch
WHERE after_batch IS NOT NULL AND status = 'WAITING'
UNION ALL
SELECT 1
FROM task_batches
LIMIT 1
