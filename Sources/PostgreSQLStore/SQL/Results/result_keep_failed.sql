-- Keeps results of rows that became FAILED although no handler ended: their runs died too often.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
--
-- $1 ids   int8[]    the rows
-- $2 keep  float8[]  seconds to keep the results
-- $3 now   float8    seconds since 1970, or NULL for the server's clock at the beginning of the statement
INSERT INTO task_results (
    -- same: result_columns
    token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
    progress_note, data_hash, created_at, started_at, finished_at, expires_at
    -- end
)
SELECT tasks.token, tasks.id, tasks.task_name, 'FAILED', NULL, NULL, 0, tasks.last_error, tasks.progress_done,
    tasks.progress_total, tasks.progress_note, NULL, tasks.created_at, NULL,
        coalesce(to_timestamp($3::double precision), statement_timestamp()),
    coalesce(to_timestamp($3::double precision), statement_timestamp()) + make_interval(secs => failed.keep)
FROM unnest($1::bigint[], $2::double precision[]) AS failed (id, keep)
    JOIN ONLY tasks ON tasks.id = ANY (ARRAY[failed.id]) AND tasks.status = 'FAILED'
WHERE (tasks.token || '') IS NOT NULL
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
