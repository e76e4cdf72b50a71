-- Makes rows FAILED that did not start in time, without those that another transaction has just locked, or whose lock
-- keys it has.
--
-- If such rows are left, or more than the limit, the last row is empty.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- concat(…)::bigint is an error that names the state which a trigger has given the row: if a trigger has undone what
-- makes a row the run's, the whole claim is refused.
-- The salt makes an advisory lock's number one that only roles which may read the table can compute.
-- No task starts if the schema needs a newer program. A migration that says so has altered or locked the table tasks,
-- so a statement that began before it ends before it.
--
-- $1 now       float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $2 limit     int4    the most rows
-- $3 left_out  int8[]  ids of rows that the table refuses to change
-- $4 version   int4    the newest schema version that the program knows
-- Returns id, task_name, lock_key, is_asked.
WITH late AS MATERIALIZED (
    SELECT id
    FROM (
        SELECT id, lock_key
        FROM ONLY tasks
        WHERE
            -- same: known_schema
            (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= $4::integer
            -- end
            AND
            -- same: late_rows
            status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
                AND expires_at <= coalesce(to_timestamp($1::double precision), statement_timestamp())
            AND id <> ALL ($3::bigint[])
            -- end
        ORDER BY expires_at
        LIMIT $2::integer
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS locked
    WHERE lock_key IS NULL OR pg_try_advisory_xact_lock(hashtextextended(lock_key,
        coalesce((SELECT salt FROM ONLY task_salt), 0)))
)
, ended AS (
    UPDATE ONLY tasks
    SET status = 'FAILED',
        failed_at = coalesce(to_timestamp($1::double precision), statement_timestamp()),
        lock_place = 0,
        last_error = 'expired: not begun by ' || to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
            || ' UTC'
    FROM late
    WHERE tasks.id = ANY (ARRAY[late.id])
    RETURNING CASE WHEN tasks.status = 'FAILED' THEN tasks.id
        ELSE concat('a trigger keeps the row ', tasks.status)::bigint END AS id,
        tasks.task_name, tasks.lock_key, tasks.token IS NOT NULL AS is_asked
)
SELECT id, task_name, lock_key, is_asked FROM ended
UNION ALL
SELECT NULL, NULL, NULL, NULL
WHERE (SELECT count(*) FROM late) < (
    SELECT count(*)
    FROM (SELECT FROM ONLY tasks WHERE
        -- same: known_schema
        (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= $4::integer
        -- end
        AND
        -- same: late_rows
        status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
            AND expires_at <= coalesce(to_timestamp($1::double precision), statement_timestamp())
        AND id <> ALL ($3::bigint[])
        -- end
        LIMIT $2::integer + 1) AS seen
)
