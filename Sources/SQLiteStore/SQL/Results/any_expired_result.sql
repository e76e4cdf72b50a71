-- Whether the time of a result is over.
--
-- :now  text  the current moment
-- Returns one row or none.
SELECT 1
FROM task_results INDEXED BY task_results_expiry
WHERE julianday(expires_at) <= julianday(:now)
LIMIT 1
