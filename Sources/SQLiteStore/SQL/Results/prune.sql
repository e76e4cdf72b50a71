-- Removes results whose time is over, in the order of expires_at.
--
-- :now    text     the current moment
-- :limit  integer  the most results
DELETE FROM task_results
WHERE rowid IN (
    SELECT rowid
    FROM task_results INDEXED BY task_results_expiry
    WHERE julianday(expires_at) <= julianday(:now)
    ORDER BY julianday(expires_at)
    LIMIT :limit
)
