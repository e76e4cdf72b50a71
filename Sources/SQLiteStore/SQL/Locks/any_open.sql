-- Whether any row with a lock key is to be looked at: one step in an index that is empty where no keys are used.
--
-- Returns one row, or none.
SELECT 1
FROM tasks INDEXED BY tasks_lock_open
WHERE
    -- same: keyed_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1
    -- end
LIMIT 1
