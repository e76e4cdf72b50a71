-- Whether a row has expired.
--
-- :now  text  the current moment
-- Returns one row or none.
SELECT 1
FROM tasks INDEXED BY tasks_expiry
WHERE
    -- same: late_rows
    status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
    AND julianday(expires_at) <= julianday(:now)
    -- end
LIMIT 1
