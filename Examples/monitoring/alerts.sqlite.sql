-- The alerts of alerts.yaml for SQLite, one SELECT each: a row is an alarm.

-- TaskrunNoRun: no run for 5 minutes.
SELECT last_run
FROM (SELECT max(seen_at) AS last_run FROM task_runs)
WHERE last_run IS NULL OR julianday(last_run) < julianday('now', '-5 minutes');

-- TaskrunRunsFail: runs come, but none has ended well for 15 minutes.
SELECT last_run, last_success
FROM (
    SELECT max(seen_at) AS last_run, max(ended_at) FILTER (WHERE exit_status = 0) AS last_success,
        min(began_at) AS first_run
    FROM task_runs
)
WHERE julianday(last_run, '-15 minutes') > julianday(coalesce(last_success, first_run));

-- TaskrunTaskLate: a task that a run could claim has been due for 10 minutes.
SELECT queue, count(*) AS tasks, min(datetime(run_at)) AS due_since
FROM tasks
WHERE status = 'WAITING' AND julianday(run_at) < julianday('now', '-10 minutes') AND after_batch IS NULL
    AND lock_place <> 1
    AND task_name IN (
        SELECT served.value
        FROM task_runs, json_each(task_runs.names) AS served
        WHERE julianday(seen_at) > julianday('now', '-1 hour')
    )
    AND queue NOT IN (
        SELECT paused.queue FROM task_queues AS paused WHERE julianday(paused.paused_until) > julianday('now')
    )
    AND NOT EXISTS (
        SELECT 1
        FROM task_limits
        WHERE name = CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END
            AND (max_running = 0 OR max_per_minute IS NOT NULL)
    )
GROUP BY queue;

-- TaskrunTasksFailed: tasks became FAILED within 15 minutes.
SELECT task_name, count(*) AS tasks, max(last_error) AS an_error
FROM tasks
WHERE status = 'FAILED' AND julianday(failed_at) > julianday('now', '-15 minutes')
GROUP BY task_name;

-- TaskrunManyRetries: within 15 minutes more attempts failed than succeeded.
SELECT task_name, sum(retried) AS retried, sum(succeeded) AS succeeded
FROM task_measures
WHERE minute > strftime('%Y-%m-%d %H:%M:00', 'now', '-15 minutes')
GROUP BY task_name
HAVING sum(retried) > sum(succeeded);

-- TaskrunNoHandler: tasks wait, and no host of the last hour has a handler for them.
SELECT task_name, count(*) AS tasks
FROM tasks
WHERE status = 'WAITING' AND julianday(run_at) < julianday('now', '-10 minutes')
    AND task_name NOT IN (
        SELECT served.value
        FROM task_runs, json_each(task_runs.names) AS served
        WHERE julianday(seen_at) > julianday('now', '-1 hour')
    )
GROUP BY task_name;

-- TaskrunLeasesLost: runs have lost leases within an hour.
SELECT host, sum(leases_lost) AS leases_lost
FROM task_measures
WHERE minute > strftime('%Y-%m-%d %H:%M:00', 'now', '-1 hour')
GROUP BY host
HAVING sum(leases_lost) > 0;
