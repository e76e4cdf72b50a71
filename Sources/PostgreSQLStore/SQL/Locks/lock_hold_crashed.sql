-- Gives each of these keys to the first of its crashed rows, if no other row holds it.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 keys  text[]  the lock keys
UPDATE ONLY tasks
SET lock_place = 2
WHERE id = ANY (
    ARRAY(
        SELECT DISTINCT ON (lock_key) id
        FROM ONLY tasks AS crashed
        WHERE status = 'WAITING' AND crashes > 0 AND coalesce(lock_key, '') = ANY ($1::text[])
            AND NOT EXISTS (
                SELECT FROM ONLY tasks AS holder WHERE holder.lock_key = crashed.lock_key AND holder.lock_place = 2
            )
        ORDER BY lock_key, crashes, priority, run_at, id
    )
) AND status || '' = 'WAITING' AND crashes > 0
