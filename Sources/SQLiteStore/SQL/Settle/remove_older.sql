-- Removes a waiting row that has a newer equal.
--
-- :id  integer  the number of the row
-- Returns id, task_name, queue, attempts, token, batch, lock_key; texts as bytes.
DELETE FROM tasks
WHERE id = :id AND status = 'WAITING'
RETURNING id, CAST(task_name AS BLOB) AS task_name, CAST(queue AS BLOB) AS queue, attempts,
    CAST(token AS BLOB) AS token, CAST(batch AS BLOB) AS batch, CAST(lock_key AS BLOB) AS lock_key
