-- What was measured from a moment on, in the order of the minutes.
--
-- $1 age  float8  how many seconds ago that was
-- Returns minute, task_name, queue, host, succeeded, failed, retried, recovered, leases_lost,
-- run_microseconds, longest_run_microseconds, run_times, wait_microseconds, longest_wait_microseconds, wait_times.
SELECT minute, task_name, queue, host, succeeded, failed, retried, recovered, leases_lost,
    run_microseconds, longest_run_microseconds, run_times::text AS run_times,
    wait_microseconds, longest_wait_microseconds, wait_times::text AS wait_times
FROM ONLY task_measures
WHERE minute >= pg_catalog.date_trunc(
    'minute',
    statement_timestamp() - make_interval(secs => $1::double precision)
)
ORDER BY minute
