-- Prolongs leases, but not of locked rows: the transaction of an SQL handler holds its row until it ends.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 ids            int8[]  the rows, in order
-- $2 claim_numbers  int8[]  their claims
-- $3 lease          float8  in seconds
-- $4 now            float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
WITH free AS (
    SELECT tasks.id
    FROM unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)
        JOIN ONLY tasks ON tasks.id = ANY (ARRAY[proof.id]) AND tasks.claim_no = proof.claim_no
    WHERE tasks.status || '' = 'PROCESSING'
    FOR NO KEY UPDATE OF tasks SKIP LOCKED
)
UPDATE ONLY tasks
SET lease_expires_at = coalesce(to_timestamp($4::double precision), statement_timestamp())
    + make_interval(secs => $3::double precision)
FROM free
WHERE tasks.id = ANY (ARRAY[free.id])
