-- Rows with ends of leases that no run can have set, and rows that have none and were created in the future.
--
-- :now           text  the moment to go by
-- :runs          JSON  the owners that are runs
-- :far_of_run    text  a lease of a run that ends later is none
-- :far_of_other  text  a lease that no run has set and that ends later is none
-- Returns id.
SELECT id
FROM tasks INDEXED BY tasks_lease
WHERE
    -- same: far_leases
    status = 'PROCESSING'
    AND CASE
        WHEN julianday(lease_expires_at) IS NULL THEN julianday(created_at) > julianday(:now)
        WHEN lease_owner IN (SELECT value FROM json_each(:runs))
            THEN julianday(lease_expires_at) > julianday(:far_of_run)
        ELSE julianday(lease_expires_at) > julianday(:far_of_other)
    END
    -- end
LIMIT 1000
