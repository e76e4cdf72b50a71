-- The owners of leases.
--
-- Returns lease_owner, tasks, first_lease_end.
SELECT lease_owner, count(*) AS tasks, min(lease_expires_at) AS first_lease_end
FROM ONLY tasks
WHERE status = 'PROCESSING'
GROUP BY lease_owner
ORDER BY lease_owner NULLS LAST
