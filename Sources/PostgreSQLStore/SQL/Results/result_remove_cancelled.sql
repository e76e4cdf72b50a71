-- Removes WAITING rows that were to be cancelled, keeps their results, and returns them.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids   int8[]    the rows
-- $2 keep  float8[]  seconds to keep the results
-- $3 now   float8    seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- Returns id.
WITH gone AS (
    DELETE FROM ONLY tasks
    USING unnest($1::bigint[], $2::double precision[]) AS asked (id, keep)
    WHERE tasks.id = ANY (ARRAY[asked.id]) AND tasks.status || '' = 'WAITING' AND tasks.cancel_requested_at IS NOT NULL
    RETURNING tasks.token, tasks.id, tasks.task_name, tasks.progress_done, tasks.progress_total,
        tasks.progress_note, tasks.created_at, asked.keep, tasks.batch
), counted AS (
    INSERT INTO task_batches (batch, cancelled)
    SELECT batch, count(*)
    FROM gone
    WHERE batch IS NOT NULL AND EXISTS (
        SELECT FROM ONLY tasks WHERE after_batch = gone.batch AND after_batch IS NOT NULL AND status = 'WAITING'
    )
    GROUP BY batch
    ORDER BY batch
    ON CONFLICT (batch) DO UPDATE SET cancelled = task_batches.cancelled + excluded.cancelled
), kept AS (
    INSERT INTO task_results (
        -- same: result_columns
        token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
        progress_note, data_hash, created_at, started_at, finished_at, expires_at
        -- end
    )
    SELECT token, id, task_name, 'CANCELLED', NULL, NULL, 0, NULL, progress_done, progress_total, progress_note,
        NULL, created_at, NULL, coalesce(to_timestamp($3::double precision), statement_timestamp()),
        coalesce(to_timestamp($3::double precision), statement_timestamp()) + make_interval(secs => keep)
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
SELECT id FROM gone
