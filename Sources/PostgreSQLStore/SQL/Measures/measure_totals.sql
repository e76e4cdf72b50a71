-- The totals over all hosts and all time, by task name and queue.
--
-- Returns task_name, queue, succeeded, failed, retried, recovered, leases_lost,
-- run_microseconds, longest_run_microseconds, run_times, wait_microseconds, longest_wait_microseconds, wait_times.
SELECT task_name, queue, succeeded, failed, retried, recovered, leases_lost,
    run_microseconds, longest_run_microseconds, run_times::text AS run_times,
    wait_microseconds, longest_wait_microseconds, wait_times::text AS wait_times
FROM ONLY task_totals
ORDER BY task_name, queue
