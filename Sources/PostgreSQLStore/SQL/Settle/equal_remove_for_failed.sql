-- equal_remove.sql for FAILED rows that are to be sent back.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
-- (… || '') IS NOT NULL: not a condition that a partial index has, so the planner does not go by that one.
--
-- $1 ids            int8[]    FAILED rows that are to be sent back
-- $2 claim_numbers  int8[]    not looked at
-- $3 keep           float8[]  seconds to keep the results
-- $4 now            float8    seconds since 1970, or NULL: the server's clock at the begin of the statement
-- Returns id, lock_key, batch.
WITH newest AS MATERIALIZED (
    SELECT tasks.task_name, tasks.dedupe_key, max(tasks.id) AS id, max(asked.keep) AS keep
    FROM unnest($1::bigint[], $2::bigint[], $3::double precision[]) AS asked (id, claim_no, keep)
        JOIN ONLY tasks ON tasks.id = ANY (ARRAY[asked.id]) AND tasks.status || '' = 'FAILED'
    WHERE (tasks.dedupe_key || '') IS NOT NULL
    GROUP BY tasks.task_name, tasks.dedupe_key
), older AS MATERIALIZED (
    -- One that another transaction has locked is not waited for: a run that has claimed it just now may wait for the
    -- group of equals when it puts the row back. If the row goes on waiting, the unique index says so.
    SELECT waiting.id, back.keep
    FROM newest AS back CROSS JOIN LATERAL (
        -- With a limit, so that each is looked up: a plan made for an empty table would go through all that have a key.
        -- + 0: such a plan goes through all smaller numbers, or does not.
        SELECT equal.id
        FROM ONLY tasks AS equal
        WHERE
            -- same: equal_waits
            equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL
                AND equal.task_name = back.task_name AND equal.dedupe_key = back.dedupe_key
            -- end
            AND equal.id + 0 < back.id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS waiting
), gone AS (
    DELETE FROM ONLY tasks AS equal
    USING older
    WHERE equal.id = ANY (ARRAY[older.id]) AND equal.status || '' = 'WAITING'
    RETURNING equal.id, equal.token, equal.task_name, equal.progress_done, equal.progress_total,
        equal.progress_note, equal.created_at, equal.lock_key, equal.batch, older.keep
),
    -- same: removed_result
    kept AS (
        INSERT INTO task_results (
            -- same: result_columns
            token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
            progress_note, data_hash, created_at, started_at, finished_at, expires_at
            -- end
        )
        SELECT token, id, task_name, 'CANCELLED', NULL, NULL, 0, 'gave way to a newer equal task', progress_done,
            progress_total, progress_note, NULL, created_at, NULL,
                coalesce(to_timestamp($4::double precision), statement_timestamp()),
            coalesce(to_timestamp($4::double precision), statement_timestamp()) + make_interval(secs => keep)
        FROM gone
        WHERE token IS NOT NULL
        -- same: result_replace
        ON CONFLICT (token) DO UPDATE
        SET (
            task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
            progress_note, data_hash, created_at, started_at, finished_at, expires_at
        ) = (
            excluded.task_id, excluded.task_name, excluded.state, excluded.result, excluded.result_bytes,
            excluded.result_size, excluded.error, excluded.progress_done, excluded.progress_total,
            excluded.progress_note, excluded.data_hash, excluded.created_at, excluded.started_at,
            excluded.finished_at, excluded.expires_at
        )
        -- end
    )
    -- end
SELECT id, lock_key, batch FROM gone
