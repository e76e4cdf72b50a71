-- Fails if one of these rows is not the run's, as a trigger has changed it back after the claim.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- concat(…)::bigint is an error that names the state which a trigger has given the row: if a trigger has undone what
-- makes a row the run's, the whole claim is refused.
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
