-- The rows that cut_leases.sql would change.
--
-- $1 owners        text[]  those that are runs
-- $2 lease         float8  a run's lease in seconds
-- $3 ahead         text    how far ahead a run's lease may end, in seconds
-- $4 others_ahead  text    how far ahead another's may
-- $5 now           float8  seconds since 1970, or NULL for the server's clock at the beginning of the statement
-- $6 id            int8    the only row, or NULL for all
-- Returns id, lease.
-- same: far_leases
SELECT id, $2::double precision AS lease
FROM ONLY tasks
WHERE status = 'PROCESSING'
    AND (
        lease_expires_at > coalesce(to_timestamp($5::double precision), statement_timestamp()) + make_interval(
            secs => CASE WHEN coalesce(lease_owner = ANY ($1::text[]), false) THEN $3 ELSE $4 END::double precision
        )
        OR lease_expires_at IS NULL AND created_at > coalesce(to_timestamp($5::double precision), statement_timestamp())
    )
    AND ($6::bigint IS NULL OR id = $6::bigint)
ORDER BY lease_expires_at DESC
LIMIT 1000
-- end
