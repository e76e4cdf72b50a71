-- Asks for a cancellation.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
--
-- $1 id  int8  the row
-- Returns id, is_waiting, lock_key, batch, task_name.
UPDATE ONLY tasks
SET cancel_requested_at = coalesce(cancel_requested_at, now())
WHERE tasks.id = ANY (ARRAY[$1::bigint]) AND tasks.status <> 'FAILED'
RETURNING tasks.id, tasks.status = 'WAITING' AS is_waiting, tasks.lock_key, tasks.batch, tasks.task_name
