-- Requests a cancellation.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
--
-- $1 id  int8  the row
-- Returns id, is_waiting, lock_key, batch, task_name.
UPDATE ONLY tasks
SET cancel_requested_at = coalesce(cancel_requested_at, now())
WHERE tasks.id = ANY (ARRAY[$1::bigint]) AND tasks.status <> 'FAILED'
RETURNING tasks.id, tasks.status = 'WAITING' AS is_waiting, tasks.lock_key, tasks.batch, tasks.task_name
