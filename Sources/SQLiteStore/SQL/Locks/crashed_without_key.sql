-- Rows whose runs died and that do not hold their lock key.
--
-- Other rows whose runs died hold it, and are claimed only with it. A row that was made WAITING by hand, with its
-- crashes as they were, does not hold it.
--
-- :limit  integer  the most rows
-- Returns id.
SELECT id
FROM tasks INDEXED BY tasks_crashed
WHERE
    -- same: crashed_without_key
    status = 'WAITING' AND crashes > 0 AND lock_key IS NOT NULL AND lock_place <> 2
    -- end
ORDER BY crashes, priority, julianday(run_at), id
LIMIT :limit
