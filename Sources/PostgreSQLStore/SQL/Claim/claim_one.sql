-- Claims one row by its number, unless another transaction has locked it.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- concat(…)::bigint is an error that names the state which a trigger has given the row: if a trigger has undone what
-- makes a row the run's, the whole claim is refused.
-- Each claim checks whether a row may still start (in_time): an expired row may not have been found, or was locked
-- then.
-- No task starts if the schema needs a newer program. A migration that says so has altered or locked the table tasks,
-- so a statement that began before it ends before it.
-- Rows are locked FOR NO KEY UPDATE: this keeps other runs away, but not programs that only refer to the row.
-- The attempt is counted here, before it begins.
--
-- $1 owner    text    the run
-- $2 lease    float8  in seconds
-- $3 now      float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $4 id       int8    the row
-- $5 names    text[]  task names
-- $6 pattern  text    a regular expression for the queues, or NULL for all queues
-- $7 version  int4    the newest schema version that the program knows
-- Returns id, claim_no, run_at, data, attempts, max_attempts, timeout_seconds, token, batch, is_cancel_requested,
-- lease_expires_at, task_name, queue, priority, crashes, lock_key.
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
    (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= $7::integer
    -- end
    AND id = ANY (ARRAY(
    SELECT id
    FROM ONLY tasks
    WHERE tasks.id = ANY (ARRAY[$4::bigint]) AND task_is_plain(tasks)
        AND run_at <= coalesce(to_timestamp($3::double precision), statement_timestamp())
        AND task_name = ANY ($5::text[])
        AND ($6::text IS NULL OR queue ~ $6::text)
        AND
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
    cancel_requested_at IS NOT NULL AS is_cancel_requested, lease_expires_at
    -- end
    , task_name, queue, priority, crashes, lock_key
