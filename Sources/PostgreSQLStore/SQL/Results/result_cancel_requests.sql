-- Which claims are to be cancelled.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]  the rows
-- $2 claim_numbers  int8[]  their claims
-- Returns id, claim_no.
SELECT tasks.id, tasks.claim_no
FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
    JOIN ONLY tasks ON tasks.id = ANY (ARRAY[proof.id]) AND tasks.claim_no = proof.claim_no
        AND tasks.status || '' = 'PROCESSING'
WHERE tasks.cancel_requested_at IS NOT NULL
    OR EXISTS (
        SELECT FROM ONLY task_cancels AS asked
        WHERE asked.task_id = tasks.id AND asked.claim_no = tasks.claim_no
    )
