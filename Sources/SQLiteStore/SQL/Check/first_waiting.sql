-- The waiting rows that `taskrun check` tries to claim.
--
-- :limit  integer  the most rows
-- Returns id.
SELECT id
FROM tasks
WHERE status = 'WAITING' AND after_batch IS NULL
ORDER BY id
LIMIT :limit
