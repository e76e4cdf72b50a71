-- Removes results whose time is over, those first whose time was over first.
--
-- :now    text     the moment to go by
-- :limit  integer  the most results
DELETE FROM task_results
WHERE rowid IN (
    SELECT rowid
    FROM task_results INDEXED BY task_results_expiry
    WHERE julianday(expires_at) <= julianday(:now)
    ORDER BY julianday(expires_at)
    LIMIT :limit
)
