-- Makes the next row of a key that waits behind one to be looked at.
--
-- Of those behind the first that is due, else the first of all: one may have been put off by hand while it waited.
--
-- :key  text  the lock key
-- :now  text  the moment to go by
UPDATE tasks
SET lock_place = 0
WHERE id = coalesce(
        (
            SELECT first.id
            FROM tasks AS first
            WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL
                AND first.lock_key = :key
                -- same: first_behind_due
                AND first.lock_place = 1 AND julianday(first.run_at) <= julianday(:now)
                ORDER BY first.priority, julianday(first.run_at), first.id
                LIMIT 1
                -- end
        ),
        (
            SELECT first.id
            FROM tasks AS first
            WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL
                AND first.lock_key = :key
                -- same: first_behind
                AND first.lock_place = 1
                ORDER BY first.priority, julianday(first.run_at), first.id
                LIMIT 1
                -- end
        )
    )
    AND NOT EXISTS (
        SELECT 1
        FROM tasks AS holder
        WHERE holder.lock_key = :key AND holder.lock_place = 2
    )
