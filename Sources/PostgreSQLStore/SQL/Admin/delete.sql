-- Removes rows that no run holds.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
--
-- $1 ids     int8[]  the rows
-- $2 failed  bool    whether only those are removed that are FAILED for more than half a minute: another program may have
--                    sent one back meanwhile
-- Returns id, task_name, queue, attempts, token, batch.
DELETE FROM ONLY tasks
USING (SELECT id FROM pg_catalog.unnest($1::bigint[]) AS chosen (id) ORDER BY id) AS chosen
WHERE tasks.id = ANY (ARRAY[chosen.id]) AND tasks.status <> 'PROCESSING'
    AND (
        NOT $2::boolean OR tasks.status || '' = 'FAILED'
            AND coalesce(failed_at < statement_timestamp() - make_interval(secs => 30), true)
    )
RETURNING tasks.id, tasks.task_name, tasks.queue, tasks.attempts, tasks.token, tasks.batch
