-- The waiting rows that `taskrun check` tries to claim; some of each kind, by the indexes of their kinds.
--
-- :limit  integer  the most rows
-- Returns id.
SELECT id
FROM (
    SELECT *
    FROM (
        SELECT id
        FROM tasks INDEXED BY tasks_due
        WHERE
            -- same: plain_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
            -- end
        LIMIT :limit
    )
    UNION ALL
    SELECT *
    FROM (
        SELECT id
        FROM tasks INDEXED BY tasks_lock_open
        WHERE
            -- same: keyed_rows
            status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
            -- end
        LIMIT :limit
    )
    UNION ALL
    SELECT *
    FROM (
        SELECT id
        FROM tasks INDEXED BY tasks_crashed
        WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL
        LIMIT :limit
    )
    UNION ALL
    SELECT *
    FROM (
        SELECT id
        FROM tasks INDEXED BY tasks_lock_behind
        WHERE status = 'WAITING' AND lock_place = 1 AND crashes = 0
        LIMIT :limit
    )
) AS found
ORDER BY id
LIMIT :limit
