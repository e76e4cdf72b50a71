-- The failed attempts of a task, the oldest first.
--
-- $1 id  int8  the number of the task
-- Returns task_id, task_name, attempt, error, ran_us, host, exit_code, signal, peak_memory, failed_at.
SELECT task_id, task_name, attempt, error, (ran * 1000000.0::double precision)::bigint AS ran_us, host,
    exit_code, signal, peak_memory, failed_at
FROM ONLY task_failures
WHERE task_id = $1::bigint
ORDER BY no
