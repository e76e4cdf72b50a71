-- Adds what the tasks of a host did to the current minute.
--
-- The rows are locked in one order, so that no two runs wait for each other.
--
-- $1 host      text   the host
-- $2 measures  jsonb  an array of objects with the keys task_name, queue and those of the columns
INSERT INTO task_measures (
    minute, task_name, queue, host,
    succeeded, failed, retried, recovered, leases_lost, run_microseconds, longest_run_microseconds, run_times,
    wait_microseconds, longest_wait_microseconds, wait_times
)
SELECT pg_catalog.date_trunc('minute', statement_timestamp()), task_name, queue, $1::text,
    succeeded, failed, retried, recovered, leases_lost, run_microseconds, longest_run_microseconds, run_times,
    wait_microseconds, longest_wait_microseconds, wait_times
FROM pg_catalog.jsonb_to_recordset($2::jsonb) AS measure (
    task_name text, queue text, succeeded bigint, failed bigint, retried bigint, recovered bigint, leases_lost bigint,
    run_microseconds bigint, longest_run_microseconds bigint, run_times jsonb, wait_microseconds bigint,
    longest_wait_microseconds bigint, wait_times jsonb
)
ORDER BY task_name COLLATE "C", queue COLLATE "C"
ON CONFLICT (minute, task_name, queue, host) DO UPDATE
SET succeeded = task_measures.succeeded + excluded.succeeded,
    failed = task_measures.failed + excluded.failed,
    retried = task_measures.retried + excluded.retried,
    recovered = task_measures.recovered + excluded.recovered,
    leases_lost = task_measures.leases_lost + excluded.leases_lost,
    run_microseconds = task_measures.run_microseconds + excluded.run_microseconds,
    longest_run_microseconds = greatest(task_measures.longest_run_microseconds, excluded.longest_run_microseconds),
    run_times = (
        SELECT coalesce(pg_catalog.jsonb_object_agg(bucket, number), '{}')
        FROM (
            SELECT bucket, sum(number)::bigint AS number
            FROM (
                SELECT key AS bucket, value::bigint AS number FROM pg_catalog.jsonb_each_text(task_measures.run_times)
                UNION ALL
                SELECT key AS bucket, value::bigint AS number FROM pg_catalog.jsonb_each_text(excluded.run_times)
            ) AS part
            GROUP BY bucket
        ) AS merged
    ),
    wait_microseconds = task_measures.wait_microseconds + excluded.wait_microseconds,
    longest_wait_microseconds = greatest(task_measures.longest_wait_microseconds, excluded.longest_wait_microseconds),
    wait_times = (
        SELECT coalesce(pg_catalog.jsonb_object_agg(bucket, number), '{}')
        FROM (
            SELECT bucket, sum(number)::bigint AS number
            FROM (
                SELECT key AS bucket, value::bigint AS number FROM pg_catalog.jsonb_each_text(task_measures.wait_times)
                UNION ALL
                SELECT key AS bucket, value::bigint AS number FROM pg_catalog.jsonb_each_text(excluded.wait_times)
            ) AS part
            GROUP BY bucket
        ) AS merged
    )
