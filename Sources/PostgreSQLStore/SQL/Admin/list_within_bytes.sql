-- list.sql with payloads, no more than so many bytes of them.
--
-- The size of a payload is known without reading it.
--
-- Moments are sent as whole microseconds since 2000, as the server keeps them: since 1970 the last ones that it knows
-- would be more than fit in. An infinite one is NULL.
--
-- $1 status    text  WAITING, PROCESSING, FAILED, or NULL for all
-- $2 name      text  a task name, or NULL for all
-- $3 queue     text  its name, or NULL for all
-- $4 after     int8  only greater ids, or NULL for all
-- $5 limit     int8  so many rows
-- $6 bytes     int8  so much payload
-- Returns id, task_name, created_at, data, status, queue, priority, run_at, attempts, max_attempts, timeout_seconds,
-- lease_owner, lease_expires_at, claim_no, crashes, last_error, dedupe_key, lock_key, lock_place, expires_at, token,
-- progress_done, progress_total, progress_note, cancel_requested_at, batch, after_batch, postponed.
SELECT
    -- same: task_row
    id, task_name,
    CASE WHEN isfinite(created_at)
        THEN ((extract(epoch FROM created_at) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS created_at,
    data, status, queue, priority,
    CASE WHEN isfinite(run_at)
        THEN ((extract(epoch FROM run_at) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS run_at,
    attempts, max_attempts, timeout_seconds, lease_owner,
    CASE WHEN isfinite(lease_expires_at)
        THEN ((extract(epoch FROM lease_expires_at) OPERATOR(pg_catalog.-) 946684800)
            OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS lease_expires_at,
    claim_no, crashes, last_error, dedupe_key, lock_key, lock_place,
    CASE WHEN isfinite(expires_at)
        THEN ((extract(epoch FROM expires_at) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS expires_at,
    token, progress_done, progress_total, progress_note,
    CASE WHEN isfinite(cancel_requested_at)
        THEN ((extract(epoch FROM cancel_requested_at) OPERATOR(pg_catalog.-) 946684800)
            OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS cancel_requested_at,
    batch, after_batch, postponed
    -- end
FROM ONLY tasks
WHERE id IN (
    SELECT id
    FROM (
        SELECT id, sum(size) OVER (ORDER BY id) - size AS before
        FROM (
            SELECT id, pg_catalog.pg_column_size(data) AS size
            FROM ONLY tasks
            WHERE
                -- same: listed_rows
                ($1::text IS NULL OR status = $1::text) AND ($2::text IS NULL OR task_name = $2::text)
                    AND ($3::text IS NULL OR queue = $3::text) AND ($4::bigint IS NULL OR id > $4::bigint)
                -- end
            ORDER BY id
            LIMIT $5::bigint
        ) AS sizes
    ) AS sums
    WHERE before < $6::bigint
)
ORDER BY id
