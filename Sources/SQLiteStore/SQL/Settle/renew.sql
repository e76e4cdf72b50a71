-- Prolongs a lease, if the claim still holds.
--
-- :lease_end  text     when the lease ends
-- :id         integer  the number of the row
-- :claim_no   integer  the claim number
UPDATE tasks
SET lease_expires_at = :lease_end
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
