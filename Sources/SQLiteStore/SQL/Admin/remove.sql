-- Removes rows that no run holds.
--
-- :ids  JSON  the numbers of the rows
-- Returns id, task_name, queue, attempts, token, batch, lock_key; texts as bytes.
DELETE FROM tasks
WHERE id IN (SELECT value FROM json_each(:ids)) AND status <> 'PROCESSING'
RETURNING id, CAST(task_name AS BLOB) AS task_name, CAST(queue AS BLOB) AS queue, attempts,
    CAST(token AS BLOB) AS token, CAST(batch AS BLOB) AS batch, CAST(lock_key AS BLOB) AS lock_key
