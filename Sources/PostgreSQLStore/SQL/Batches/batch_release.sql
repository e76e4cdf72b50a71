-- Makes tasks due that have waited long enough.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
--
-- $1 ids       int8[]  tasks, in order
-- $2 payloads  text[]  their data, with what became of the batch
-- $3 now       float8  seconds since 1970, or NULL: the server's clock at the begin of the statement
UPDATE ONLY tasks
SET after_batch = NULL, data = free.data::json,
    run_at = greatest(run_at, coalesce(to_timestamp($3::double precision), statement_timestamp()))
FROM unnest($1::bigint[], $2::text[]) AS free (id, data)
WHERE tasks.id = ANY (ARRAY[free.id])
