-- Writes progress down, if the claim still holds.
--
-- :done      integer  so much was done
-- :total     integer  of so much
-- :note      text     what was said of it
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
UPDATE tasks
SET progress_done = :done, progress_total = :total, progress_note = :note
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
