-- Adds what the tasks of a host did to the current minute.
--
-- :now       text  the current moment
-- :host      text  the host
-- :measures  text  a JSON array of objects with the keys task_name, queue and those of the columns
INSERT INTO task_measures (
    minute, task_name, queue, host,
    succeeded, failed, retried, recovered, leases_lost, run_microseconds, longest_run_microseconds, run_times,
    wait_microseconds, longest_wait_microseconds, wait_times
)
SELECT strftime('%Y-%m-%d %H:%M:00', :now), json_extract(value, '$.task_name'), json_extract(value, '$.queue'), :host,
    json_extract(value, '$.succeeded'), json_extract(value, '$.failed'), json_extract(value, '$.retried'),
    json_extract(value, '$.recovered'), json_extract(value, '$.leases_lost'),
    json_extract(value, '$.run_microseconds'), json_extract(value, '$.longest_run_microseconds'),
    json_extract(value, '$.run_times'), json_extract(value, '$.wait_microseconds'),
    json_extract(value, '$.longest_wait_microseconds'), json_extract(value, '$.wait_times')
FROM json_each(:measures)
WHERE true
ON CONFLICT (minute, task_name, queue, host) DO UPDATE
SET succeeded = task_measures.succeeded + excluded.succeeded,
    failed = task_measures.failed + excluded.failed,
    retried = task_measures.retried + excluded.retried,
    recovered = task_measures.recovered + excluded.recovered,
    leases_lost = task_measures.leases_lost + excluded.leases_lost,
    run_microseconds = task_measures.run_microseconds + excluded.run_microseconds,
    longest_run_microseconds = max(task_measures.longest_run_microseconds, excluded.longest_run_microseconds),
    run_times = (
        SELECT json_group_object(bucket, number)
        FROM (
            SELECT bucket, sum(number) AS number
            FROM (
                SELECT key AS bucket, value AS number FROM json_each(task_measures.run_times)
                UNION ALL
                SELECT key AS bucket, value AS number FROM json_each(excluded.run_times)
            )
            GROUP BY bucket
        )
    ),
    wait_microseconds = task_measures.wait_microseconds + excluded.wait_microseconds,
    longest_wait_microseconds = max(task_measures.longest_wait_microseconds, excluded.longest_wait_microseconds),
    wait_times = (
        SELECT json_group_object(bucket, number)
        FROM (
            SELECT bucket, sum(number) AS number
            FROM (
                SELECT key AS bucket, value AS number FROM json_each(task_measures.wait_times)
                UNION ALL
                SELECT key AS bucket, value AS number FROM json_each(excluded.wait_times)
            )
            GROUP BY bucket
        )
    )
