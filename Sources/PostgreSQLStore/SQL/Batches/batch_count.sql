-- Counts ends in batches for which a task waits; locks their rows in the order of their names.
--
-- A transaction that ends tasks of such a batch holds the batch's row in task_batches until its end, and looks for open
-- tasks in a later statement. So if two transactions end the last two tasks, the later one sees that none is left.
--
-- $1 batches    text[]  their names
-- $2 completed  int8[]  how many tasks of each ended COMPLETE
-- $3 cancelled  int8[]  how many were cancelled
INSERT INTO task_batches (batch, complete, cancelled)
SELECT ended.batch, ended.complete, ended.cancelled
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS ended (batch, complete, cancelled)
WHERE EXISTS (
    SELECT FROM ONLY tasks WHERE after_batch = ended.batch AND after_batch IS NOT NULL AND status = 'WAITING'
)
ORDER BY ended.batch COLLATE "C"
ON CONFLICT (batch) DO UPDATE
SET complete = task_batches.complete + excluded.complete,
    cancelled = task_batches.cancelled + excluded.cancelled
