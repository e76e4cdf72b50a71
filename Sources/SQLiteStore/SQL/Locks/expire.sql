-- Makes expired rows FAILED, in the order of expires_at.
--
-- :now     text     the current moment
-- :except  JSON     the numbers of the rows to pass over
-- :limit   integer  the most rows
-- Returns id, task_name, lock_key, has_token; texts as bytes.
UPDATE tasks
SET status = 'FAILED', failed_at = strftime('%Y-%m-%d %H:%M:%f', :now), lock_place = 0,
    last_error = 'expired: not begun by ' || strftime('%Y-%m-%d %H:%M:%S', expires_at) || ' UTC'
WHERE id IN (
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
)
RETURNING id, CAST(task_name AS BLOB) AS task_name, CAST(lock_key AS BLOB) AS lock_key, token IS NOT NULL AS has_token
