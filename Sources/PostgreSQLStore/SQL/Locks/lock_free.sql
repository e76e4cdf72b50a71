-- Takes the key from rows that became FAILED or WAITING.
--
-- Crashed rows keep their key: what they do when they run again is not known.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]  the rows
-- $2 claim_numbers  int8[]  their claims
UPDATE ONLY tasks
SET lock_place = 0
FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
WHERE tasks.id = ANY (ARRAY[proof.id]) AND tasks.claim_no = proof.claim_no AND tasks.lock_place + 0 = 2
    AND (tasks.status || '' = 'FAILED' OR tasks.status || '' = 'WAITING' AND tasks.crashes = 0)
