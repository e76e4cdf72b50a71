-- The proofs that no longer hold; the proof of a locked row that still carries it holds.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]  the rows
-- $2 claim_numbers  int8[]  their claims
-- Returns id, claim_no.
SELECT proof.id, proof.claim_no
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS proof (id, claim_no, no)
    LEFT JOIN ONLY tasks
        ON tasks.id = ANY (ARRAY[proof.id]) AND tasks.claim_no = proof.claim_no AND tasks.status || '' = 'PROCESSING'
WHERE tasks.id IS NULL
ORDER BY proof.no
