-- Ends leases that no run can have set one lease length from now. A run that is alive all the same renews its lease.
--
-- :lease_end     text     when the lease ends
-- :now           text     the moment to go by
-- :runs          JSON     the owners that are runs
-- :far_of_run    text     a lease of a run that ends later is none
-- :far_of_other  text     a lease that no run has set and that ends later is none
-- :id            integer  the only row that is meant; NULL: all
UPDATE tasks
SET lease_expires_at = :lease_end
WHERE id IN (
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
) AND (:id IS NULL OR id = :id)
