-- Makes rows FAILED that were not begun in time, but for those that another transaction has locked just now, or their
-- lock keys.
--
-- Where such are left, or more than the limit, the last row is empty.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
-- concat(…)::bigint is an error that says in which state a trigger has put a row: where one has put back what makes a
-- row the run's, the claim is refused as a whole.
-- With the salt the number of an advisory lock is one that only those can compute who may read the table.
-- Nothing is begun where the schema says that it needs a newer program. A migration that says so has altered or locked
-- tasks: a statement that began before it ends before it.
--
-- $1 now       float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
-- $2 limit     int4    so many rows
-- $3 left_out  int8[]  ids of rows that the table does not let be changed
-- Returns id, task_name, lock_key, is_asked.
WITH late AS MATERIALIZED (
    SELECT id
    FROM (
        SELECT id, lock_key
        FROM ONLY tasks
        WHERE
            -- same: known_schema
            (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= 9
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
        (SELECT coalesce(max(least_version), 0) FROM ONLY task_migrations) <= 9
        -- end
        AND
        -- same: late_rows
        status = 'WAITING' AND attempts = 0 AND expires_at IS NOT NULL
            AND expires_at <= coalesce(to_timestamp($1::double precision), statement_timestamp())
        AND id <> ALL ($3::bigint[])
        -- end
        LIMIT $2::integer + 1) AS seen
)
