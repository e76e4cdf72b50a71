-- Rows that hold their lock key and wait for more than a month.
--
-- :limit  integer  the most rows
-- Returns id.
SELECT id
FROM tasks
WHERE lock_place = 2 AND status = 'WAITING' AND julianday(run_at) > julianday('now', '+31 days')
LIMIT :limit
