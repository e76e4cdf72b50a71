-- Adds what tasks did to the totals of their names and queues.
--
-- The rows are locked in one order, so that no two runs wait for each other.
--
-- $1 measures  jsonb  an array of objects with the keys task_name, queue and those of the columns
INSERT INTO task_totals (
    task_name, queue, counted_at,
    succeeded, failed, retried, recovered, leases_lost, run_microseconds, longest_run_microseconds, run_times,
    wait_microseconds, longest_wait_microseconds, wait_times
)
SELECT task_name, queue, statement_timestamp(),
    succeeded, failed, retried, recovered, leases_lost, run_microseconds, longest_run_microseconds, run_times,
    wait_microseconds, longest_wait_microseconds, wait_times
FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS measure (
    task_name text, queue text, succeeded bigint, failed bigint, retried bigint, recovered bigint, leases_lost bigint,
    run_microseconds bigint, longest_run_microseconds bigint, run_times jsonb, wait_microseconds bigint,
    longest_wait_microseconds bigint, wait_times jsonb
)
ORDER BY task_name COLLATE "C", queue COLLATE "C"
ON CONFLICT (task_name, queue) DO UPDATE
SET counted_at = excluded.counted_at,
    succeeded = task_totals.succeeded + excluded.succeeded,
    failed = task_totals.failed + excluded.failed,
    retried = task_totals.retried + excluded.retried,
    recovered = task_totals.recovered + excluded.recovered,
    leases_lost = task_totals.leases_lost + excluded.leases_lost,
    run_microseconds = task_totals.run_microseconds + excluded.run_microseconds,
    longest_run_microseconds = greatest(task_totals.longest_run_microseconds, excluded.longest_run_microseconds),
    run_times = (
        SELECT coalesce(pg_catalog.jsonb_object_agg(bucket, number), '{}')
        FROM (
            SELECT bucket, sum(number)::bigint AS number
            FROM (
                SELECT key AS bucket, value::bigint AS number FROM pg_catalog.jsonb_each_text(task_totals.run_times)
                UNION ALL
                SELECT key AS bucket, value::bigint AS number FROM pg_catalog.jsonb_each_text(excluded.run_times)
            ) AS part
            GROUP BY bucket
        ) AS merged
    ),
    wait_microseconds = task_totals.wait_microseconds + excluded.wait_microseconds,
    longest_wait_microseconds = greatest(task_totals.longest_wait_microseconds, excluded.longest_wait_microseconds),
    wait_times = (
        SELECT coalesce(pg_catalog.jsonb_object_agg(bucket, number), '{}')
        FROM (
            SELECT bucket, sum(number)::bigint AS number
            FROM (
                SELECT key AS bucket, value::bigint AS number FROM pg_catalog.jsonb_each_text(task_totals.wait_times)
                UNION ALL
                SELECT key AS bucket, value::bigint AS number FROM pg_catalog.jsonb_each_text(excluded.wait_times)
            ) AS part
            GROUP BY bucket
        ) AS merged
    )
