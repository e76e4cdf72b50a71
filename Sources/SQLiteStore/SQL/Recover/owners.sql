-- The owners of PROCESSING rows.
--
-- Returns lease_owner (bytes).
SELECT DISTINCT CAST(lease_owner AS BLOB) AS lease_owner
FROM tasks INDEXED BY tasks_lease
WHERE status = 'PROCESSING' AND lease_owner IS NOT NULL
