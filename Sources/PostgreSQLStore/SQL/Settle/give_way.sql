-- Removes claimed rows that are to become WAITING and have a newer equal, among each other or one that waits; rows with
-- a token leave a result.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
--
-- $1 ids            int8[]    claimed rows that are to become WAITING
-- $2 claim_numbers  int8[]    their claims
-- $3 keep           float8[]  seconds to keep the results
-- $4 now            float8    seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- Returns id, task_name, queue, attempts, token, batch.
WITH own AS MATERIALIZED (
    SELECT tasks.id, tasks.task_name, tasks.dedupe_key, tasks.cancel_requested_at IS NOT NULL AS is_cancelled,
        asked.keep
    FROM unnest($1::bigint[], $2::bigint[], $3::double precision[]) AS asked (id, claim_no, keep)
        JOIN ONLY tasks ON tasks.id = ANY (ARRAY[asked.id]) AND tasks.claim_no = asked.claim_no
            AND tasks.status || '' = 'PROCESSING'
    WHERE (tasks.dedupe_key || '') IS NOT NULL
), newest AS MATERIALIZED (
    SELECT coalesce(max(id) FILTER (WHERE NOT is_cancelled), max(id)) AS id FROM own GROUP BY task_name, dedupe_key
), late AS MATERIALIZED (
    SELECT id, keep
    FROM own AS back
    WHERE id NOT IN (SELECT id FROM newest)
        OR EXISTS (SELECT FROM ONLY tasks AS equal WHERE
        -- same: equal_waits
        equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL
            AND equal.task_name = back.task_name AND equal.dedupe_key = back.dedupe_key
        -- end
        AND (equal.id > back.id OR back.is_cancelled))
), gone AS (
    DELETE FROM ONLY tasks
    USING late
    WHERE tasks.id = ANY (ARRAY[late.id]) AND tasks.status || '' = 'PROCESSING'
    RETURNING tasks.id, tasks.token, tasks.task_name, tasks.progress_done, tasks.progress_total,
        tasks.progress_note, tasks.created_at, late.keep, tasks.queue, tasks.attempts, tasks.batch
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
SELECT id, task_name, queue, attempts, token, batch FROM gone
