-- The lock key of a row.
--
-- :id  integer  the number of the row
-- Returns lock_key (bytes).
SELECT CAST(lock_key AS BLOB) AS lock_key
FROM tasks
WHERE id = :id
