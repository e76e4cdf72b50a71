-- Whether rows are behind others of their lock key, or a change by hand has left rows without their key: see
-- crashed_without_key.
--
-- The partial index covers rows without a key too, but a row whose key was removed by hand is behind no row.
--
-- Returns one row or none.
SELECT 1
WHERE EXISTS (
        SELECT 1
        FROM tasks INDEXED BY tasks_lock_behind
        WHERE
            -- same: behind
            status = 'WAITING' AND lock_place = 1 AND lock_key IS NOT NULL
            -- end
    )
    OR EXISTS (
        SELECT 1
        FROM tasks INDEXED BY tasks_crashed
        WHERE
            -- same: crashed_without_key
            status = 'WAITING' AND crashes > 0 AND lock_key IS NOT NULL AND lock_place <> 2
            -- end
    )
