-- Shortens leases that no run can have set, to end one lease length from now: those that end later than any run's, and
-- rows without a lease that were created in the future.
--
-- A run that is alive renews its lease as usual.
--
-- ANY (ARRAY[…]): the planner looks each number up in the primary key. With a plain = it could choose a merge join,
-- which is as cheap while the table is empty. The plan is kept, and would read the whole table in the order of its key.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 owners        text[]  those that are runs
-- $2 lease         float8  a run's lease in seconds
-- $3 ahead         text    how far ahead a run's lease may end, in seconds
-- $4 others_ahead  text    how far ahead another's may
-- $5 now           float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $6 id            int8    the only row, or NULL for all
WITH far AS MATERIALIZED (
    -- same: far_leases
    SELECT id, $2::double precision AS lease
    FROM ONLY tasks
    WHERE status = 'PROCESSING'
        AND (
            lease_expires_at > coalesce(to_timestamp($5::double precision), statement_timestamp()) + make_interval(
                secs => CASE WHEN coalesce(lease_owner = ANY ($1::text[]), false) THEN $3 ELSE $4 END::double precision
            )
            OR lease_expires_at IS NULL
            AND created_at > coalesce(to_timestamp($5::double precision), statement_timestamp())
        )
        AND ($6::bigint IS NULL OR id = $6::bigint)
    ORDER BY lease_expires_at DESC
    LIMIT 1000
    -- end
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE ONLY tasks
SET lease_expires_at = coalesce(to_timestamp($5::double precision), statement_timestamp())
    + make_interval(secs => $2::double precision)
FROM far
WHERE tasks.id = ANY (ARRAY[far.id]) AND tasks.status || '' = 'PROCESSING'
