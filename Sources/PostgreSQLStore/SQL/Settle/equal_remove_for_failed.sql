-- equal_remove.sql for FAILED rows that are to become WAITING.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
--
-- $1 ids            int8[]    FAILED rows that are to become WAITING
-- $2 claim_numbers  int8[]    not looked at
-- $3 keep           float8[]  seconds to keep the results
-- $4 now            float8    seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- Returns id, task_name, queue, attempts, token, batch, lock_key.
WITH newest AS MATERIALIZED (
    SELECT tasks.task_name, tasks.dedupe_key, max(tasks.id) AS id, max(asked.keep) AS keep
    FROM unnest($1::bigint[], $2::bigint[], $3::double precision[]) AS asked (id, claim_no, keep)
        JOIN ONLY tasks ON tasks.id = ANY (ARRAY[asked.id]) AND tasks.status || '' = 'FAILED'
    WHERE (tasks.dedupe_key || '') IS NOT NULL
    GROUP BY tasks.task_name, tasks.dedupe_key
), older AS MATERIALIZED (
    -- A row that another transaction has locked is skipped: a run may have claimed it just now, and may itself wait for
    -- the equal rows when it makes the row WAITING again. If the skipped row stays WAITING, the unique index refuses
    -- to let this one become WAITING.
    SELECT waiting.id, back.keep
    FROM newest AS back CROSS JOIN LATERAL (
        -- The limit makes the planner look each equal row up: a plan made for an empty table would read all rows that
        -- have a dedupe key. The + 0 keeps it from reading all rows with smaller numbers in the primary key.
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
        equal.progress_note, equal.created_at, equal.lock_key, equal.batch, equal.queue,
        equal.attempts, older.keep
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
SELECT id, task_name, queue, attempts, token, batch, lock_key FROM gone
