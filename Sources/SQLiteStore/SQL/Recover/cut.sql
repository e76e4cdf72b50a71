-- Shortens leases that are longer than any run sets: they end one lease length from now. A run that is alive renews its
-- lease.
--
-- :lease_end     text     when the lease ends
-- :now           text     the current moment
-- :runs          JSON     the owners that are runs
-- :far_of_run    text     no lease of a run can end later than this
-- :far_of_other  text     no other lease can end later than this
-- :id            integer  the only row; NULL: all rows
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
