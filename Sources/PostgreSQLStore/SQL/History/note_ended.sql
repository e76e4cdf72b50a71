-- Notes how tasks ended whose rows became FAILED although no handler ended, or are about to be removed because they are
-- to be cancelled. The rows are locked, so that what it writes is still true at the end of the transaction.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids     int8[]  the rows, in order
-- $2 status  text    how they ended; CANCELLED: the rows that wait and are to be cancelled; else: those that are FAILED
-- $3 names   text[]  the task names that are treated otherwise than the rest
-- $4 only    bool    whether only these names are noted; else all others
-- $5 now     float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
INSERT INTO task_history (task_id, task_name, queue, status, attempts, token, batch, ended_at)
SELECT tasks.id, tasks.task_name, tasks.queue, $2, tasks.attempts, tasks.token, tasks.batch,
    coalesce(to_timestamp($5::double precision), statement_timestamp())
FROM pg_catalog.unnest($1::bigint[]) AS ended (id) JOIN ONLY tasks ON tasks.id = ANY (ARRAY[ended.id])
WHERE CASE WHEN $2 = 'CANCELLED' THEN tasks.status || '' = 'WAITING' AND tasks.cancel_requested_at IS NOT NULL
        ELSE tasks.status || '' = 'FAILED' END
    AND (tasks.task_name = ANY ($3::text[])) = $4::boolean
FOR NO KEY UPDATE OF tasks
