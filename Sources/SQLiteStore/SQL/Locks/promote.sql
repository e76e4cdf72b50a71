-- Lets claims look at the next row of a lock key, or of the key of a row, whose bytes only the table knows.
--
-- That is the first due one of the rows behind others, or the first of them if none is due: one may have been postponed
-- by hand while it waited.
--
-- :key  text     the lock key, or NULL
-- :id   integer  without a key: the number of the row
-- :now  text     the current moment
UPDATE tasks
SET lock_place = 0
WHERE id = coalesce(
        (
            SELECT first.id
            FROM tasks AS first
            WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL
                AND first.lock_key = coalesce(:key, (SELECT lock_key FROM tasks WHERE id = :id))
                AND first.lock_place = 1 AND julianday(first.run_at) <= julianday(:now)
                ORDER BY first.priority, julianday(first.run_at), first.id
                LIMIT 1
        ),
        (
            SELECT first.id
            FROM tasks AS first
            WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL
                AND first.lock_key = coalesce(:key, (SELECT lock_key FROM tasks WHERE id = :id))
                AND first.lock_place = 1
                ORDER BY first.priority, julianday(first.run_at), first.id
                LIMIT 1
        )
    )
    AND NOT EXISTS (
        SELECT 1
        FROM tasks AS holder
        WHERE holder.lock_key = coalesce(:key, (SELECT lock_key FROM tasks WHERE id = :id))
            AND holder.lock_place = 2
    )
