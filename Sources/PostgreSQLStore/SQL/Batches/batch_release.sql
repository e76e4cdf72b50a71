-- Makes tasks due whose batches have ended.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
--
-- $1 ids       int8[]  tasks, in order
-- $2 payloads  text[]  their data, with the batch's counts
-- $3 now       float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
UPDATE ONLY tasks
SET after_batch = NULL, data = free.data::json,
    run_at = greatest(run_at, coalesce(to_timestamp($3::double precision), statement_timestamp()))
FROM unnest($1::bigint[], $2::text[]) AS free (id, data)
WHERE tasks.id = ANY (ARRAY[free.id])
