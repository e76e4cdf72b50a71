-- Rows that no taskrun program writes: leases that end too late (0), holders of a lock key that are due too late (1),
-- numbers that are too great (2).
--
-- $1 limit  int4  the most of each kind
-- Returns kind, id.
(SELECT 0 AS kind, id FROM ONLY tasks
    WHERE status = 'PROCESSING' AND lease_expires_at > now() + interval '1 day 1 minute'
ORDER BY lease_expires_at DESC LIMIT $1::integer)
UNION ALL
(SELECT 1, id FROM ONLY tasks WHERE lock_place = 2 AND status = 'WAITING' AND run_at > now() + interval '31 days'
LIMIT $1::integer)
UNION ALL
(SELECT 2, id FROM ONLY tasks WHERE id > 4611686018427387904 ORDER BY id LIMIT $1::integer)
