-- Claims these rows, in a transaction that is undone; returns which could be claimed, and which were changed.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 owner  text    the run
-- $2 lease  float8  in seconds
-- $3 now    float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $4 ids    int8[]  the rows
-- Returns id, taken_id, data, token, batch, task_name, queue, lock_key.
WITH free AS MATERIALIZED (
    SELECT id FROM ONLY tasks WHERE id = ANY ($4::bigint[]) AND status || '' = 'WAITING' FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    -- As a claim does, but for the lock key: whether that is held is no matter of the row.
    UPDATE ONLY tasks
    SET status = 'PROCESSING',
        attempts = least(attempts, 2147483646) + 1,
        claim_no = claim_no % 4611686018427387904 + 1,
        lease_owner = $1,
        lease_expires_at = coalesce(to_timestamp($3::double precision), statement_timestamp())
            + make_interval(secs => $2::double precision)
    WHERE id = ANY (ARRAY(SELECT id FROM free))
    -- What cannot be sent refuses the claim as well; large payloads are not sent for that.
    RETURNING CASE WHEN status = 'PROCESSING' AND lease_owner = $1
        AND lease_expires_at IS NOT NULL THEN id END AS taken_id,
        CASE WHEN pg_catalog.pg_column_size(data) < 65536 THEN data END AS data, token, batch, task_name, queue,
            lock_key
)
SELECT free.id, taken.*
FROM free LEFT JOIN taken ON taken.taken_id = free.id
