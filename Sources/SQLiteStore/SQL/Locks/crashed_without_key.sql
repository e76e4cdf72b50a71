-- Rows whose runs died and that do not hold their key.
--
-- They hold it otherwise, and are claimed with it only. One that was sent back by hand, its crashes as they were, has
-- none.
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
