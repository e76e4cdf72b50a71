-- Whether a row still carries a claim.
--
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
-- Returns one row or none.
SELECT 1
FROM tasks
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
