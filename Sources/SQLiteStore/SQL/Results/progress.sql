-- Writes the progress of a task, if the claim still holds.
--
-- :done      integer  how much is done
-- :total     integer  how much there is to do
-- :note      text     a note about it
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
UPDATE tasks
SET progress_done = :done, progress_total = :total, progress_note = :note
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
