-- The token of the last equal task that ended COMPLETE.
--
-- $1 name  text    the task name
-- $2 hash  text    of the data
-- $3 age   float8  the greatest, in seconds
-- Returns token.
SELECT token
FROM ONLY task_results
WHERE task_name = $1 AND data_hash = $2 AND state = 'COMPLETE' AND data_hash IS NOT NULL
    AND finished_at >= now() - make_interval(secs => $3::double precision) AND expires_at > now()
    AND NOT EXISTS (SELECT FROM ONLY tasks WHERE tasks.token = task_results.token AND tasks.token IS NOT NULL)
ORDER BY finished_at DESC
LIMIT 1
