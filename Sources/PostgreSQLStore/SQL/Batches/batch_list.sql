-- The batches that have tasks, or that tasks wait for, by name, with what is left of them.
--
-- Names are found by stepping from one to the next. Rows are counted up to a limit. complete and cancelled are NULL if
-- no end was counted; since is when its first task that is there was added; the follower is the first task that waits
-- for it; longest is its PROCESSING task that was due first.
--
-- $1 batch    text  only this batch, or NULL for all
-- $2 most     int8  the most batches
-- $3 counted  int8  the most rows of each kind of a batch to count
-- Returns batch, waiting, processing, failed, complete, cancelled, since, followers, follower_id, follower_name,
-- follower_since, longest_id, longest_name, longest_since, longest_owner, progress_done, progress_total, progress_note.
WITH RECURSIVE own (batch) AS (
    (SELECT batch FROM ONLY tasks WHERE batch IS NOT NULL AND $1::text IS NULL ORDER BY batch, status, id LIMIT 1)
    UNION ALL
    SELECT next.batch
    FROM own CROSS JOIN LATERAL (
        SELECT batch
        FROM ONLY tasks
        WHERE batch IS NOT NULL AND tasks.batch > own.batch
        ORDER BY batch, status, id
        LIMIT 1
    ) AS next
), awaited (batch) AS (
    (
        SELECT after_batch
        FROM ONLY tasks
        WHERE after_batch IS NOT NULL AND status = 'WAITING' AND $1::text IS NULL
        ORDER BY after_batch, id
        LIMIT 1
    )
    UNION ALL
    SELECT next.after_batch
    FROM awaited CROSS JOIN LATERAL (
        SELECT after_batch
        FROM ONLY tasks
        WHERE after_batch IS NOT NULL AND status = 'WAITING' AND tasks.after_batch > awaited.batch
        ORDER BY after_batch, id
        LIMIT 1
    ) AS next
), name AS MATERIALIZED (
    SELECT found.batch
    FROM (
        (SELECT batch FROM own LIMIT $2::bigint)
        UNION
        (SELECT batch FROM awaited LIMIT $2::bigint)
        UNION
        SELECT $1::text COLLATE "C"
        WHERE EXISTS (SELECT FROM ONLY tasks WHERE batch IS NOT NULL AND batch = $1::text)
            OR EXISTS (
                SELECT FROM ONLY tasks WHERE after_batch IS NOT NULL AND status = 'WAITING' AND after_batch = $1::text
            )
    ) AS found
    ORDER BY found.batch
    LIMIT $2::bigint
)
SELECT name.batch,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE batch IS NOT NULL AND batch = name.batch AND status = 'WAITING'
            LIMIT $3::bigint
        ) AS seen
    ) AS waiting,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE batch IS NOT NULL AND batch = name.batch AND status = 'PROCESSING'
            LIMIT $3::bigint
        ) AS seen
    ) AS processing,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE batch IS NOT NULL AND batch = name.batch AND status = 'FAILED'
            LIMIT $3::bigint
        ) AS seen
    ) AS failed,
    ends.complete, ends.cancelled,
    (
        SELECT tasks.created_at
        FROM ONLY tasks
        WHERE tasks.id = ANY (ARRAY[(
            SELECT min(id)
            FROM (
                (
                    SELECT id
                    FROM ONLY tasks
                    WHERE batch IS NOT NULL AND batch = name.batch AND status = 'WAITING'
                    ORDER BY batch, status, id
                    LIMIT 1
                )
                UNION ALL
                (
                    SELECT id
                    FROM ONLY tasks
                    WHERE batch IS NOT NULL AND batch = name.batch AND status = 'PROCESSING'
                    ORDER BY batch, status, id
                    LIMIT 1
                )
                UNION ALL
                (
                    SELECT id
                    FROM ONLY tasks
                    WHERE batch IS NOT NULL AND batch = name.batch AND status = 'FAILED'
                    ORDER BY batch, status, id
                    LIMIT 1
                )
            ) AS firsts
        )])
    ) AS since,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ONLY tasks
            WHERE after_batch IS NOT NULL AND status = 'WAITING' AND after_batch = name.batch
            LIMIT $3::bigint
        ) AS seen
    ) AS followers,
    follower.id AS follower_id, follower.task_name AS follower_name, follower.created_at AS follower_since,
    longest.id AS longest_id, longest.task_name AS longest_name, longest.run_at AS longest_since,
    longest.lease_owner AS longest_owner, longest.progress_done, longest.progress_total, longest.progress_note
FROM name
LEFT JOIN ONLY task_batches AS ends ON ends.batch = name.batch
LEFT JOIN LATERAL (
    SELECT id, task_name, created_at
    FROM ONLY tasks
    WHERE after_batch IS NOT NULL AND status = 'WAITING' AND after_batch = name.batch
    ORDER BY after_batch, id
    LIMIT 1
) AS follower ON true
LEFT JOIN LATERAL (
    SELECT id, task_name, run_at, lease_owner, progress_done, progress_total, progress_note
    FROM ONLY tasks
    WHERE batch IS NOT NULL AND batch = name.batch AND status = 'PROCESSING'
    ORDER BY run_at, id
    LIMIT 1
) AS longest ON true
ORDER BY name.batch
