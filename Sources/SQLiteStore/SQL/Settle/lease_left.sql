-- How long a lease lasts.
--
-- A claim without an end of its lease (made by hand) has all the time that the caller gives it.
--
-- :now       text     the moment to go by
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
-- Returns seconds, or no row where the claim does not hold.
SELECT coalesce((julianday(lease_expires_at) - julianday(:now)) * 86400, 1e9) AS seconds
FROM tasks
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
