-- The rows that expire would make FAILED.
--
-- :now     text     the current moment
-- :except  JSON     the numbers of the rows to pass over
-- :limit   integer  the most rows
-- Returns id.
SELECT id
FROM tasks INDEXED BY tasks_expiry
WHERE
    -- same: late_rows
    status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
    AND julianday(expires_at) <= julianday(:now)
    -- end
    -- same: late_chosen
    AND id NOT IN (SELECT value FROM json_each(:except))
    ORDER BY julianday(expires_at)
    LIMIT :limit
    -- end
