-- The counts by queue, name and state.
--
-- Returns queue, task_name, status, tasks, due, oldest_due.
SELECT queue, task_name, status, count(*) AS tasks,
    count(*) FILTER (WHERE status = 'WAITING' AND run_at <= now() AND after_batch IS NULL) AS due,
    min(run_at) FILTER (WHERE status = 'WAITING' AND run_at <= now() AND after_batch IS NULL) AS oldest_due
FROM ONLY tasks
GROUP BY queue, task_name, status
ORDER BY queue, task_name, status
