-- Claims one row by its number, unless another transaction has it locked.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
-- concat(…)::bigint is an error that says in which state a trigger has put a row: where one has put back what makes a
-- row the run's, the claim is refused as a whole.
-- Each claim asks whether a row may still be begun (in_time): what has expired may not have been found, or was locked
-- when it was.
-- Nothing is begun where the schema says that it needs a newer program. A migration that says so has altered or locked
-- tasks: a statement that began before it ends before it.
-- Rows are locked FOR NO KEY UPDATE: it keeps other runs away, but no program that only refers to the row. An attempt
-- is counted here, before it begins.
--
-- $1 owner  text    the run
-- $2 lease  float8  in seconds
-- $3 now    float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $4 id     int8    the row
-- Returns id, claim_no, run_at, data, attempts, max_attempts, timeout_seconds, token, batch, is_cancelled, task_name,
-- queue, priority, crashes, lock_key.
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
    AND id = ANY (ARRAY(
    SELECT id
    FROM ONLY tasks
    WHERE tasks.id = ANY (ARRAY[$4::bigint]) AND status = 'WAITING' AND crashes = 0
        AND run_at <= coalesce(to_timestamp($3::double precision), statement_timestamp())
        AND lock_key IS NULL AND after_batch IS NULL AND
        -- same: queue_open
        NOT EXISTS (
            SELECT FROM ONLY task_queues AS q
            WHERE q.queue = tasks.queue
                AND q.paused_until > coalesce(to_timestamp($3::double precision), statement_timestamp())
        )
        -- end
        AND
        -- same: in_time
        (expires_at IS NULL OR attempts > 0
            OR expires_at > coalesce(to_timestamp($3::double precision), statement_timestamp()))
        -- end
    FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING
    -- same: lane_columns
    id,
    CASE WHEN status = 'PROCESSING' AND lease_owner = $1 AND lease_expires_at IS NOT NULL THEN claim_no
        ELSE concat('a trigger keeps the row ', status)::bigint
    END AS claim_no,
    run_at, data, attempts, max_attempts, timeout_seconds, token, batch,
    cancel_requested_at IS NOT NULL AS is_cancelled
    -- end
    , task_name, queue, priority, crashes, lock_key
