-- Locks the rows that an owner holds, without these proofs; rows that another transaction has just locked are passed
-- over.
--
-- $1 owner          text    the run
-- $2 ids            int8[]  the rows that it knows of
-- $3 claim_numbers  int8[]  their claims
-- Returns id, claim_no, lock_key, batch.
SELECT id, claim_no, lock_key, batch
FROM ONLY tasks
WHERE
    -- same: unknown_claims
    status = 'PROCESSING' AND lease_owner = $1
        AND NOT EXISTS (
            SELECT FROM unnest($2::bigint[], $3::bigint[]) AS proof (id, claim_no)
            WHERE proof.id = tasks.id AND proof.claim_no = tasks.claim_no
        )
    -- end
ORDER BY lease_expires_at
FOR NO KEY UPDATE SKIP LOCKED
