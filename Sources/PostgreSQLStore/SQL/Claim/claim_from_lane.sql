-- Claims from one lane: the plain case.
--
-- Nearly always the payloads are small enough all together: a sum costs half of what a window costs.
--
-- A stored payload that is compressed counts as large as it can be at most: 88 times for pglz (273 bytes from little
-- more than three), 255 times for lz4. So a claim of large compressed payloads brings fewer rows than would fit, never
-- more.
-- concat(…)::bigint is an error that says in which state a trigger has put a row: where one has put back what makes a
-- row the run's, the claim is refused as a whole.
-- The floor: no waiting row of a lane stands before it, as far as is known. Without it each claim would go again
-- through what is left in the index of the rows that were taken before, for as long as any transaction could still see
-- them.
-- Each claim asks whether a row may still be begun (in_time): what has expired may not have been found, or was locked
-- when it was.
-- Nothing is begun where the schema says that it needs a newer program. A migration that says so has altered or locked
-- tasks: a statement that began before it ends before it.
-- Rows are locked FOR NO KEY UPDATE: it keeps other runs away, but no program that only refers to the row. An attempt
-- is counted here, before it begins.
-- Rows are found by their place, which saves the way down the primary key.
--
-- $1  owner     text    the run
-- $2  lease     float8  in seconds
-- $3  now       float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $4  limit     int4    so many rows
-- $5  name      text    the lane's task name
-- $6  queue     text    its queue
-- $7  priority  int4    its priority
-- $8  floor     int8    the moment before which none of its rows wait, in microseconds since 2000
-- $9  floor_id  int8    a number to that moment
-- $10 bytes     int8    so much payload
-- Returns id, claim_no, run_at, data, attempts, max_attempts, timeout_seconds, token, batch, is_cancelled.
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
    (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= 9
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
            SELECT ctid AS place,
                -- same: payload_size
                CASE
                    WHEN pg_catalog.pg_column_size(data) < 200 THEN 200
                    ELSE least(
                        pg_catalog.pg_column_size(data)::bigint
                            * CASE pg_catalog.pg_column_compression(data) WHEN 'pglz' THEN 88 WHEN 'lz4' THEN 255
                                ELSE 1 END,
                        1073741824
                    )::integer
                END
                -- end
                AS size
            FROM ONLY tasks
            WHERE task_name = $5 AND queue = $6 AND priority = $7::integer
                AND
                -- same: plain_rows
                status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
                -- end
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
    cancel_requested_at IS NOT NULL AS is_cancelled
    -- end
