-- Requests the cancellation of a task whose row is locked: its SQL file is running.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 id  int8  the row
-- Returns task_id.
WITH old AS (
    DELETE FROM ONLY task_cancels
    WHERE asked_at < now() - interval '1 day' AND task_id <> $1::bigint
)
INSERT INTO task_cancels (task_id, claim_no)
SELECT id, claim_no
FROM ONLY tasks
WHERE tasks.id = ANY (ARRAY[$1::bigint]) AND tasks.status || '' = 'PROCESSING'
ON CONFLICT (task_id) DO UPDATE SET claim_no = excluded.claim_no, asked_at = excluded.asked_at
RETURNING task_id
