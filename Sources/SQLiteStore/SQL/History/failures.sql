-- The failed attempts of a task, the oldest first.
--
-- :id  integer  the number of the task
-- Returns task_id, task_name, attempt, error, ran_us (microseconds), host, exit_code, signal, peak_memory, failed_at
-- (Julian day); texts as bytes.
SELECT task_id, CAST(task_name AS BLOB) AS task_name, attempt, CAST(error AS BLOB) AS error,
    CAST(round(ran * 1000000) AS INTEGER) AS ran_us, CAST(host AS BLOB) AS host, exit_code, signal, peak_memory,
    julianday(failed_at) AS failed_at
FROM task_failures
WHERE task_id = :id
ORDER BY no
