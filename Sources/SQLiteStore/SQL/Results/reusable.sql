-- The token of the last equal task that ended COMPLETE and whose result is still kept.
--
-- :name   text  the task name
-- :hash   text  the hash of the payload
-- :since  text  the earliest moment at which it may have ended
-- :now    text  the current moment
-- Returns token (bytes).
SELECT CAST(token AS BLOB) AS token
FROM task_results INDEXED BY task_results_reuse
WHERE task_name = :name AND data_hash = :hash AND state = 'COMPLETE'
    AND julianday(finished_at) >= julianday(:since) AND julianday(expires_at) > julianday(:now)
    AND NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.token = task_results.token)
ORDER BY julianday(finished_at) DESC
LIMIT 1
