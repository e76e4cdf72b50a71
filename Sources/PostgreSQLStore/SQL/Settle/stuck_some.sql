-- Some of the tasks that stuck_note.sql has noted, with what their ends need: NULL if the row is gone or has another
-- claim.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 limit  int4  so many
-- Returns task_id, claim_no, is_done, error, is_there, lock_key, batch.
SELECT stuck.task_id, stuck.claim_no, stuck.is_done, stuck.error, tasks.id IS NOT NULL AS is_there, tasks.lock_key,
    tasks.batch
FROM ONLY task_stuck AS stuck
    LEFT JOIN ONLY tasks ON tasks.id = ANY (ARRAY[stuck.task_id]) AND tasks.claim_no = stuck.claim_no
        AND tasks.status || '' = 'PROCESSING'
ORDER BY random()
LIMIT $1::integer
