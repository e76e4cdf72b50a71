-- Rows with a lease that is longer than any run sets.
--
-- :limit  integer  the most rows
-- Returns id.
SELECT id
FROM tasks INDEXED BY tasks_lease
WHERE status = 'PROCESSING' AND julianday(lease_expires_at) > julianday('now', '+86460 seconds')
LIMIT :limit
