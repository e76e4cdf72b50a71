-- Claims from one lane: the plain case.
--
-- Nearly always all payloads together are small enough: a sum costs half as much as a window.
--
-- concat(…)::bigint is an error that names the state which a trigger has given the row: if a trigger has undone what
-- makes a row the run's, the whole claim is refused.
-- The floor: as far as is known, no waiting row of a lane comes before it. Without it each claim would read again the
-- index entries of rows that were claimed before, as long as any transaction could still see them.
-- Each claim checks whether a row may still start (in_time): an expired row may not have been found, or was locked
-- then.
-- No task starts if the schema needs a newer program. A migration that says so has altered or locked the table tasks,
-- so a statement that began before it ends before it.
-- Rows are locked FOR NO KEY UPDATE: this keeps other runs away, but not programs that only refer to the row.
-- The attempt is counted here, before it begins.
-- Rows are found by their ctid, which saves a search in the primary key.
--
-- $1  owner     text    the run
-- $2  lease     float8  in seconds
-- $3  now       float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $4  limit     int4    the most rows
-- $5  name      text    the lane's task name
-- $6  queue     text    its queue
-- $7  priority  int4    its priority
-- $8  floor     int8    the moment before which none of its rows waits, in microseconds since 2000
-- $9  floor_id  int8    the row number that belongs to that moment
-- $10 bytes     int8    the most payload, in bytes
-- $11 version   int4    the newest schema version that the program knows
-- Returns id, claim_no, run_at, data, attempts, max_attempts, timeout_seconds, token, batch, is_cancel_requested,
-- lease_expires_at.
UPDATE ONLY tasks
-- same: claim_set
SET status = 'PROCESSING',
    -- A row with the greatest number there is must not stop all others.
    attempts = least(attempts, 2147483646) + 1,
    -- The greatest claim number is followed by 1.
    claim_no = claim_no % 4611686018427387904 + 1,
    lock_place = CASE WHEN lock_key IS NULL THEN lock_place ELSE 2 END,
    lease_owner = $1,
    lease_expires_at = coalesce(to_timestamp($3::double precision), statement_timestamp())
        + make_interval(secs => $2::double precision)
-- end
WHERE
    -- same: known_schema
    (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= $11::integer
    -- end
    AND ctid = ANY ((
    SELECT CASE WHEN total <= $10::bigint THEN places ELSE ARRAY(
        SELECT place
        FROM (
            SELECT place, sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS bytes_before
            FROM unnest(places, sizes) AS each (place, size)
        ) AS summed
        WHERE bytes_before < $10::bigint
    ) END
    FROM (
        SELECT pg_catalog.array_agg(place) AS places, pg_catalog.array_agg(size) AS sizes, sum(size) AS total
        FROM (
            SELECT ctid AS place, task_payload_size(data) AS size
            FROM ONLY tasks
            WHERE task_name = $5 AND queue = $6 AND priority = $7::integer
                AND task_is_plain(tasks)
                AND run_at <= coalesce(to_timestamp($3::double precision), statement_timestamp()) AND
                -- same: in_time
                (expires_at IS NULL OR attempts > 0
                    OR expires_at > coalesce(to_timestamp($3::double precision), statement_timestamp()))
                -- end
                AND (run_at, id) >= ((timestamptz '2000-01-01 00:00+00'
                + make_interval(secs => $8::bigint::double precision / 1000000::double precision)), $9::bigint)
            ORDER BY run_at, id
            LIMIT $4::integer
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS locked
    ) AS found
)::tid[])
RETURNING
    -- same: lane_columns
    id,
    CASE WHEN status = 'PROCESSING' AND lease_owner = $1 AND lease_expires_at IS NOT NULL THEN claim_no
        ELSE concat('a trigger keeps the row ', status)::bigint
    END AS claim_no,
    run_at, data, attempts, max_attempts, timeout_seconds, token, batch,
    cancel_requested_at IS NOT NULL AS is_cancel_requested, lease_expires_at
    -- end
