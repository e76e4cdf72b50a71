-- The batches that have tasks, or that tasks wait for, by name, with what is left of them.
--
-- Names are found by stepping from one to the next. Rows are counted up to a limit.
--
-- :most     integer  the most batches
-- :batch    text     only this batch, or NULL for all
-- :counted  integer  the most rows of each kind of a batch to count
-- Returns batch, waiting, processing, failed, complete and cancelled (NULL: no task waits for the batch), since (when
-- its first task that is left was added), followers, and the first of these: follower_id, follower_name,
-- follower_since; and the PROCESSING task that was due first: longest_id, longest_name, longest_since, longest_owner,
-- progress_done, progress_total, progress_note; texts as bytes, moments as Julian days.
WITH RECURSIVE own (batch) AS (
    SELECT min(batch) FROM tasks INDEXED BY tasks_batch WHERE batch IS NOT NULL
    UNION ALL
    SELECT (
        SELECT min(next.batch)
        FROM tasks AS next INDEXED BY tasks_batch
        WHERE next.batch IS NOT NULL AND next.batch > own.batch
    )
    FROM own
    WHERE own.batch IS NOT NULL
    LIMIT :most
), awaited (batch) AS (
    SELECT min(after_batch) FROM tasks INDEXED BY tasks_after_batch WHERE after_batch IS NOT NULL AND status = 'WAITING'
    UNION ALL
    SELECT (
        SELECT min(next.after_batch)
        FROM tasks AS next INDEXED BY tasks_after_batch
        WHERE next.after_batch IS NOT NULL AND next.status = 'WAITING' AND next.after_batch > awaited.batch
    )
    FROM awaited
    WHERE awaited.batch IS NOT NULL
    LIMIT :most
), name (batch) AS MATERIALIZED (
    SELECT batch
    FROM (SELECT batch FROM own UNION SELECT batch FROM awaited)
    WHERE batch IS NOT NULL AND :batch IS NULL
    UNION ALL
    SELECT :batch
    WHERE EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_batch WHERE batch IS NOT NULL AND batch = :batch)
        OR EXISTS (
            SELECT 1
            FROM tasks INDEXED BY tasks_after_batch
            WHERE after_batch IS NOT NULL AND status = 'WAITING' AND after_batch = :batch
        )
    ORDER BY 1
    LIMIT :most
)
SELECT CAST(name.batch AS BLOB) AS batch,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_batch
            WHERE batch IS NOT NULL AND batch = name.batch AND status = 'WAITING'
            LIMIT :counted
        )
    ) AS waiting,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_batch
            WHERE batch IS NOT NULL AND batch = name.batch AND status = 'PROCESSING'
            LIMIT :counted
        )
    ) AS processing,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_batch
            WHERE batch IS NOT NULL AND batch = name.batch AND status = 'FAILED'
            LIMIT :counted
        )
    ) AS failed,
    ends.complete, ends.cancelled,
    (
        SELECT julianday(tasks.created_at)
        FROM tasks
        WHERE tasks.id = (
            SELECT min(id)
            FROM (
                SELECT min(id) AS id
                FROM tasks INDEXED BY tasks_batch
                WHERE batch IS NOT NULL AND batch = name.batch AND status = 'WAITING'
                UNION ALL
                SELECT min(id)
                FROM tasks INDEXED BY tasks_batch
                WHERE batch IS NOT NULL AND batch = name.batch AND status = 'PROCESSING'
                UNION ALL
                SELECT min(id)
                FROM tasks INDEXED BY tasks_batch
                WHERE batch IS NOT NULL AND batch = name.batch AND status = 'FAILED'
            )
        )
    ) AS since,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM tasks INDEXED BY tasks_after_batch
            WHERE after_batch IS NOT NULL AND status = 'WAITING' AND after_batch = name.batch
            LIMIT :counted
        )
    ) AS followers,
    follower.id AS follower_id, CAST(follower.task_name AS BLOB) AS follower_name,
    julianday(follower.created_at) AS follower_since, longest.id AS longest_id,
    CAST(longest.task_name AS BLOB) AS longest_name, julianday(longest.run_at) AS longest_since,
    CAST(longest.lease_owner AS BLOB) AS longest_owner, longest.progress_done, longest.progress_total,
    CAST(longest.progress_note AS BLOB) AS progress_note
FROM name
LEFT JOIN task_batches AS ends ON ends.batch = name.batch
LEFT JOIN tasks AS follower ON follower.id = (
    SELECT min(id)
    FROM tasks INDEXED BY tasks_after_batch
    WHERE after_batch IS NOT NULL AND status = 'WAITING' AND after_batch = name.batch
)
LEFT JOIN tasks AS longest ON longest.id = (
    SELECT id
    FROM tasks INDEXED BY tasks_batch
    WHERE batch IS NOT NULL AND batch = name.batch AND status = 'PROCESSING'
    ORDER BY julianday(run_at), id
    LIMIT 1
)
ORDER BY name.batch
