-- The owners of leases.
--
-- Returns lease_owner.
SELECT DISTINCT lease_owner
FROM ONLY tasks
WHERE status = 'PROCESSING' AND lease_owner IS NOT NULL
