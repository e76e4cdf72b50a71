-- The tasks that wait for a batch without an open task.
--
-- :batch  text  the batch
-- Returns id, batch, data, complete, cancelled; texts as bytes.
SELECT tasks.id, CAST(tasks.after_batch AS BLOB) AS batch, CAST(tasks.data AS BLOB) AS data, counts.complete,
    counts.cancelled
FROM tasks LEFT JOIN task_batches AS counts ON counts.batch = tasks.after_batch
WHERE tasks.after_batch = :batch AND tasks.after_batch IS NOT NULL AND tasks.status = 'WAITING'
    AND NOT EXISTS (
        SELECT 1
        FROM tasks AS open
        WHERE
            -- same: open_task
            open.batch IS NOT NULL AND open.status IN ('WAITING', 'PROCESSING')
            -- end
            AND open.batch = :batch
    )
ORDER BY tasks.id
