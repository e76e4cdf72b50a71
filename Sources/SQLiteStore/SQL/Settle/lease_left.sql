-- How long a lease still lasts.
--
-- A claim without a lease end, which was made by hand, has as much time as the caller allows.
--
-- :now       text     the current moment
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
-- Returns seconds, or no row where the claim does not hold.
SELECT coalesce((julianday(lease_expires_at) - julianday(:now)) * 86400, 1e9) AS seconds
FROM tasks
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
