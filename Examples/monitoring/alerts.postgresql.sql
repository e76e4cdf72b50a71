-- The alerts of alerts.yaml for PostgreSQL, one SELECT each: a row is an alarm.
-- The role needs SELECT on the tables tasks, task_queues, task_limits, task_runs and task_measures.

-- TaskrunNoRun: no run for 5 minutes.
SELECT max(seen_at) AS last_run
FROM task_runs
HAVING max(seen_at) IS NULL OR max(seen_at) < now() - interval '5 minutes';

-- TaskrunRunsFail: runs come, but none has ended well for 15 minutes.
SELECT max(seen_at) AS last_run, max(ended_at) FILTER (WHERE exit_status = 0) AS last_success
FROM task_runs
HAVING max(seen_at) - interval '15 minutes'
    > coalesce(max(ended_at) FILTER (WHERE exit_status = 0), min(began_at));

-- TaskrunTaskLate: a task that a run could claim has been due for 10 minutes.
SELECT queue, count(*) AS tasks, min(run_at) AS due_since
FROM tasks
WHERE status = 'WAITING' AND run_at < now() - interval '10 minutes' AND after_batch IS NULL AND lock_place <> 1
    AND task_name IN (
        SELECT served.task_name
        FROM task_runs CROSS JOIN json_array_elements_text(names) AS served (task_name)
        WHERE seen_at > now() - interval '1 hour'
    )
    AND queue NOT IN (SELECT paused.queue FROM task_queues AS paused WHERE paused.paused_until > now())
    AND NOT EXISTS (
        SELECT
        FROM task_limits
        WHERE name = CASE kind WHEN 'queue' THEN tasks.queue ELSE tasks.task_name END
            AND (max_running = 0 OR max_per_minute IS NOT NULL)
    )
GROUP BY queue;

-- TaskrunTasksFailed: tasks became FAILED within 15 minutes.
SELECT task_name, count(*) AS tasks, max(last_error) AS an_error
FROM tasks
WHERE status = 'FAILED' AND failed_at > now() - interval '15 minutes'
GROUP BY task_name;

-- TaskrunManyRetries: within 15 minutes more attempts failed than succeeded.
SELECT task_name, sum(retried) AS retried, sum(succeeded) AS succeeded
FROM task_measures
WHERE minute > now() - interval '15 minutes'
GROUP BY task_name
HAVING sum(retried) > sum(succeeded);

-- TaskrunNoHandler: tasks wait, and no host of the last hour has a handler for them.
SELECT task_name, count(*) AS tasks
FROM tasks
WHERE status = 'WAITING' AND run_at < now() - interval '10 minutes'
    AND task_name NOT IN (
        SELECT served.task_name
        FROM task_runs CROSS JOIN json_array_elements_text(names) AS served (task_name)
        WHERE seen_at > now() - interval '1 hour'
    )
GROUP BY task_name;

-- TaskrunLeasesLost: runs have lost leases within an hour.
SELECT host, sum(leases_lost) AS leases_lost
FROM task_measures
WHERE minute > now() - interval '1 hour'
GROUP BY host
HAVING sum(leases_lost) > 0;

-- TaskrunOldTransaction: a transaction has kept deleted rows from being cleaned up for an hour.
SELECT pid, usename, application_name, xact_start
FROM pg_stat_activity
WHERE backend_xmin IS NOT NULL AND xact_start < now() - interval '1 hour';
