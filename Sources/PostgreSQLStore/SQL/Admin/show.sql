-- One row, all of it.
--
-- Moments are sent as whole microseconds since 2000, as the server keeps them: since 1970 the last ones that it knows
-- would be more than fit in. An infinite one is NULL.
--
-- $1 id  int8  the row
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
WHERE id = $1::bigint
