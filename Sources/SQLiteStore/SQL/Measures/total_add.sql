-- Adds what tasks did to the totals of their names and queues.
--
-- :now       text  the current moment
-- :measures  text  a JSON array of objects with the keys task_name, queue and those of the columns
INSERT INTO task_totals (
    task_name, queue, counted_at,
    succeeded, failed, retried, recovered, leases_lost, run_microseconds, longest_run_microseconds, run_times,
    wait_microseconds, longest_wait_microseconds, wait_times
)
SELECT json_extract(value, '$.task_name'), json_extract(value, '$.queue'), :now,
    json_extract(value, '$.succeeded'), json_extract(value, '$.failed'), json_extract(value, '$.retried'),
    json_extract(value, '$.recovered'), json_extract(value, '$.leases_lost'),
    json_extract(value, '$.run_microseconds'), json_extract(value, '$.longest_run_microseconds'),
    json_extract(value, '$.run_times'), json_extract(value, '$.wait_microseconds'),
    json_extract(value, '$.longest_wait_microseconds'), json_extract(value, '$.wait_times')
FROM json_each(:measures)
WHERE true
ON CONFLICT (task_name, queue) DO UPDATE
SET counted_at = excluded.counted_at,
    succeeded = task_totals.succeeded + excluded.succeeded,
    failed = task_totals.failed + excluded.failed,
    retried = task_totals.retried + excluded.retried,
    recovered = task_totals.recovered + excluded.recovered,
    leases_lost = task_totals.leases_lost + excluded.leases_lost,
    run_microseconds = task_totals.run_microseconds + excluded.run_microseconds,
    longest_run_microseconds = max(task_totals.longest_run_microseconds, excluded.longest_run_microseconds),
    run_times = (
        SELECT json_group_object(bucket, number)
        FROM (
            SELECT bucket, sum(number) AS number
            FROM (
                SELECT key AS bucket, value AS number FROM json_each(task_totals.run_times)
                UNION ALL
                SELECT key AS bucket, value AS number FROM json_each(excluded.run_times)
            )
            GROUP BY bucket
        )
    ),
    wait_microseconds = task_totals.wait_microseconds + excluded.wait_microseconds,
    longest_wait_microseconds = max(task_totals.longest_wait_microseconds, excluded.longest_wait_microseconds),
    wait_times = (
        SELECT json_group_object(bucket, number)
        FROM (
            SELECT bucket, sum(number) AS number
            FROM (
                SELECT key AS bucket, value AS number FROM json_each(task_totals.wait_times)
                UNION ALL
                SELECT key AS bucket, value AS number FROM json_each(excluded.wait_times)
            )
            GROUP BY bucket
        )
    )
