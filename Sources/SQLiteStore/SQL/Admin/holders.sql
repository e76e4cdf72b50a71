-- The runs that hold rows, how many, and when their first leases end.
--
-- Returns lease_owner (bytes), number, first_lease_end (Julian day).
SELECT CAST(lease_owner AS BLOB) AS lease_owner, count(*) AS number,
    min(julianday(lease_expires_at)) AS first_lease_end
FROM tasks INDEXED BY tasks_lease
WHERE status = 'PROCESSING'
GROUP BY tasks.lease_owner
ORDER BY tasks.lease_owner
