-- Keeps results before the same transaction settles their rows; the rows are locked, so that what it writes here is
-- still true at its end.
--
-- The result of a later task with the same token replaces that of the earlier one.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- (… || '') IS NOT NULL: no partial index has this condition, so the planner does not use one.
--
-- $1  ids            int8[]    the rows, in order
-- $2  claim_numbers  int8[]    their claims
-- $3  states         text[]    of the results
-- $4  texts          text[]    results as text
-- $5  bytes          bytea[]   results as bytes
-- $6  sizes          int8[]    in bytes
-- $7  errors         text[]    for people
-- $8  noted          bool[]    whether progress is given
-- $9  done           int8[]    progress
-- $10 total          int8[]    progress
-- $11 notes          text[]    progress
-- $12 hashes         text[]    of the data
-- $13 since          float8[]  seconds since the begin
-- $14 keep           float8[]  seconds to keep the result
-- $15 now            float8    seconds since 1970, or NULL for the server's clock at the beginning of the statement
INSERT INTO task_results (
    -- same: result_columns
    token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
    progress_note, data_hash, created_at, started_at, finished_at, expires_at
    -- end
)
SELECT tasks.token, tasks.id, tasks.task_name, kept.state, kept.result, kept.bytes, kept.size, kept.error,
    CASE WHEN kept.is_noted THEN kept.done ELSE tasks.progress_done END,
    CASE WHEN kept.is_noted THEN kept.total ELSE tasks.progress_total END,
    CASE WHEN kept.is_noted THEN kept.note ELSE tasks.progress_note END,
    kept.hash, tasks.created_at,
        coalesce(to_timestamp($15::double precision), statement_timestamp()) - make_interval(secs => kept.since),
    coalesce(to_timestamp($15::double precision), statement_timestamp()),
        coalesce(to_timestamp($15::double precision), statement_timestamp()) + make_interval(secs => kept.keep)
FROM unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::text[], $8::boolean[],
        $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::double precision[], $14::double precision[]
    ) AS kept (
        id, claim_no, state, result, bytes, size, error, is_noted, done, total, note, hash, since, keep
    )
    JOIN ONLY tasks ON tasks.id = ANY (ARRAY[kept.id]) AND tasks.claim_no = kept.claim_no
        AND tasks.status || '' = 'PROCESSING'
WHERE (tasks.token || '') IS NOT NULL
FOR NO KEY UPDATE OF tasks
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
