-- Rows with leases that are longer than any run sets, and rows without a lease end that were created in the future.
--
-- :now           text  the current moment
-- :runs          JSON  the owners that are runs
-- :far_of_run    text  no lease of a run can end later than this
-- :far_of_other  text  no other lease can end later than this
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
