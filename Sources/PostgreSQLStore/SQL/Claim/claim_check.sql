-- Fails where one of these rows is not the run's, as a trigger has put it back once the claim had ended.
--
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
-- concat(…)::bigint is an error that says in which state a trigger has put a row: where one has put back what makes a
-- row the run's, the claim is refused as a whole.
--
-- $1 ids            int8[]  the rows
-- $2 claim_numbers  int8[]  their claims
-- $3 owner          text    the run
-- Returns put_back.
SELECT concat('a trigger keeps the row ', tasks.status)::bigint AS put_back
FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
    LEFT JOIN ONLY tasks ON tasks.id = proof.id AND tasks.claim_no = proof.claim_no
        AND tasks.status || '' = 'PROCESSING'
        AND tasks.lease_owner = $3 AND tasks.lease_expires_at IS NOT NULL
WHERE tasks.id IS NULL
