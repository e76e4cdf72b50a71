-- Removes a row that is to be cancelled.
--
-- :id  integer  the number of the row
-- Returns id, task_name, queue, attempts, token, batch, lock_key; texts as bytes.
DELETE FROM tasks
WHERE
    -- same: to_be_cancelled
    id = :id AND status = 'WAITING' AND cancel_requested_at IS NOT NULL
    -- end
RETURNING id, CAST(task_name AS BLOB) AS task_name, CAST(queue AS BLOB) AS queue, attempts,
    CAST(token AS BLOB) AS token, CAST(batch AS BLOB) AS batch, CAST(lock_key AS BLOB) AS lock_key
