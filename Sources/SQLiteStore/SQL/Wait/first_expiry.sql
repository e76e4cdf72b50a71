-- When the first row expires that has not begun.
--
-- Returns moment (Julian day), or NULL.
SELECT min(julianday(expires_at)) AS moment
FROM tasks INDEXED BY tasks_expiry
WHERE status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
