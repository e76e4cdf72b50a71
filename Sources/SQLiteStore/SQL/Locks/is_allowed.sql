-- Whether a row with a lock key may be claimed.
--
-- A retry that holds the key may run. Of the other rows the first due one may, if no row holds the key.
--
-- :now     text     the current moment
-- :except  JSON     the numbers of the rows to pass over
-- :id      integer  the number of the row
-- Returns is_allowed.
SELECT (
    lock_place = 2
    OR
    -- same: key_is_free
    NOT EXISTS (SELECT 1 FROM tasks AS holder WHERE holder.lock_key = tasks.lock_key AND holder.lock_place = 2)
    -- end
    AND id = (
        SELECT first.id
        FROM tasks AS first
        WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL AND first.lock_key = tasks.lock_key
            AND julianday(first.run_at) <= julianday(:now)
            AND first.id NOT IN (SELECT value FROM json_each(:except))
        ORDER BY first.priority, julianday(first.run_at), first.id
        LIMIT 1
    )
) AS is_allowed
FROM tasks
WHERE id = :id
