-- The same as promote for the key of a row, of which only the table knows the bytes.
--
-- Of those behind the first that is due, else the first of all: one may have been put off by hand while it waited.
--
-- :id   integer  the number of the row
-- :now  text     the moment to go by
UPDATE tasks
SET lock_place = 0
WHERE id = coalesce(
        (
            SELECT first.id
            FROM tasks AS first
            WHERE first.status = 'WAITING' AND first.lock_key IS NOT NULL
                AND first.lock_key = (SELECT lock_key FROM tasks WHERE id = :id)
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
                AND first.lock_key = (SELECT lock_key FROM tasks WHERE id = :id)
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
        WHERE holder.lock_key = (SELECT lock_key FROM tasks WHERE id = :id) AND holder.lock_place = 2
    )
