-- The results with these tokens whose time is not over, bytes as hexadecimal digits.
--
-- Moments are sent as whole microseconds since 2000, as the server keeps them: since 1970 the last ones that it knows
-- would be more than fit in. An infinite one is NULL.
--
-- $1 tokens  text[]  of the tasks
-- Returns token, task_id, task_name, state, result, result_hex, result_size, error, progress_done, progress_total,
-- progress_note, created_at, started_at, finished_at, expires_at.
SELECT token, task_id, task_name, state, result, encode(result_bytes, 'hex') AS result_hex, result_size, error,
    progress_done, progress_total, progress_note,
    CASE WHEN isfinite(created_at)
        THEN ((extract(epoch FROM created_at) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS created_at,
    CASE WHEN isfinite(started_at)
        THEN ((extract(epoch FROM started_at) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS started_at,
    CASE WHEN isfinite(finished_at)
        THEN ((extract(epoch FROM finished_at) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS finished_at,
    CASE WHEN isfinite(expires_at)
        THEN ((extract(epoch FROM expires_at) OPERATOR(pg_catalog.-) 946684800) OPERATOR(pg_catalog.*) 1000000)::bigint
    END AS expires_at
FROM ONLY task_results
WHERE token IN (SELECT pg_catalog.unnest($1::text[])) AND expires_at > now()
