-- The rows that wait and whose claims are tried.
--
-- :limit  integer  the most rows
-- Returns id.
SELECT id
FROM tasks
WHERE status = 'WAITING' AND after_batch IS NULL
ORDER BY id
LIMIT :limit
