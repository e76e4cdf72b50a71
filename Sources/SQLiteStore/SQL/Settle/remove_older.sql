-- Removes a waiting row that has a newer equal.
--
-- :id  integer  the number of the row
-- Returns lock_key, batch; both as bytes.
DELETE FROM tasks
WHERE id = :id AND status = 'WAITING'
RETURNING CAST(lock_key AS BLOB) AS lock_key, CAST(batch AS BLOB) AS batch
