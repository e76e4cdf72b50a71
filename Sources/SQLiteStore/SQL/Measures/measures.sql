-- What was measured from a moment on, in the order of the minutes.
--
-- :since  text  the moment
-- Returns minute (Julian day), task_name, queue, host, succeeded, failed, retried, recovered, leases_lost,
-- run_microseconds, longest_run_microseconds, run_times, wait_microseconds, longest_wait_microseconds, wait_times.
SELECT julianday(minute) AS minute, task_name, queue, host, succeeded, failed, retried, recovered, leases_lost,
    run_microseconds, longest_run_microseconds, run_times,
    wait_microseconds, longest_wait_microseconds, wait_times
FROM task_measures
WHERE minute >= strftime('%Y-%m-%d %H:%M:00', :since)
ORDER BY task_measures.minute
