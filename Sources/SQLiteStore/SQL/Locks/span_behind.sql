-- The smallest and the greatest number of the rows behind others of their lock key.
--
-- Returns least, most; NULL for none.
SELECT (
        SELECT min(id)
        FROM tasks INDEXED BY tasks_lock_behind
        WHERE
            -- same: behind
            status = 'WAITING' AND lock_place = 1 AND lock_key IS NOT NULL
            -- end
    ) AS least,
    (
        SELECT max(id)
        FROM tasks INDEXED BY tasks_lock_behind
        WHERE
            -- same: behind
            status = 'WAITING' AND lock_place = 1 AND lock_key IS NOT NULL
            -- end
    ) AS most
