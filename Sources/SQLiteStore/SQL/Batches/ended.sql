-- The batches without an open task for which a task waits, in the order of their bytes.
--
-- :after  text     the batch after which it begins
-- :limit  integer  the most batches
-- Returns batch (bytes).
SELECT CAST(waits.batch AS BLOB) AS batch
FROM (
    SELECT DISTINCT after_batch AS batch
    FROM tasks INDEXED BY tasks_after_batch
    WHERE after_batch IS NOT NULL AND after_batch > :after AND status = 'WAITING'
    -- The index has this order here. In the outer statement SQLite would sort again.
    ORDER BY after_batch
) AS waits
WHERE NOT EXISTS (
    SELECT 1
    FROM tasks AS open
    WHERE
        -- same: open_task
        open.batch IS NOT NULL AND open.status IN ('WAITING', 'PROCESSING')
        -- end
        AND open.batch = waits.batch
)
LIMIT :limit
