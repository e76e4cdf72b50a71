-- The results with these tokens whose time is not over.
--
-- $1 tokens  text[]  of the tasks
-- Returns token, task_id, task_name, state, result, result_size, error, progress_done, progress_total,
-- progress_note, created_at, started_at, finished_at, expires_at.
SELECT token, task_id, task_name, state,
    coalesce(pg_catalog.convert_to(result, 'UTF8'), result_bytes, '') AS result, result_size, error, progress_done,
    progress_total, progress_note, created_at, started_at, finished_at, expires_at
FROM ONLY task_results
WHERE token IN (SELECT pg_catalog.unnest($1::text[])) AND expires_at > now()
