-- Which proofs no longer hold; a locked row that still carries its proof does.
--
-- ANY (ARRAY[…]): each number is looked up in the primary key. A plain = would leave the planner a merge join, which is
-- as cheap while the table is empty, and the plan is kept: it would read the whole table in the order of its key.
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
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
