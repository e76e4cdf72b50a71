-- Deletes the row of a finished task, if the claim still holds.
--
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
DELETE FROM tasks
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
