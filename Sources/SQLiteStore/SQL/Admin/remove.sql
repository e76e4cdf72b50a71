-- Removes rows that no run holds.
--
-- :ids  JSON  the numbers of the rows
-- Returns id, lock_key, batch; texts as bytes.
DELETE FROM tasks
WHERE id IN (SELECT value FROM json_each(:ids)) AND status <> 'PROCESSING'
RETURNING id, CAST(lock_key AS BLOB) AS lock_key, CAST(batch AS BLOB) AS batch
