-- The result of the task with a token.
--
-- :token  text  the token
-- :now    text  the current moment
-- Returns token, task_id, task_name, state, result, result_size, error, progress_done, progress_total, progress_note,
-- created_at, started_at, finished_at, expires_at; texts as bytes, moments as Julian days.
SELECT CAST(token AS BLOB) AS token, task_id, CAST(task_name AS BLOB) AS task_name, CAST(state AS BLOB) AS state,
    CAST(coalesce(result, result_bytes) AS BLOB) AS result, result_size, CAST(error AS BLOB) AS error, progress_done,
    progress_total, CAST(progress_note AS BLOB) AS progress_note, julianday(created_at) AS created_at,
    julianday(started_at) AS started_at, julianday(finished_at) AS finished_at, julianday(expires_at) AS expires_at
FROM task_results
WHERE token = :token AND julianday(task_results.expires_at) > julianday(:now)
