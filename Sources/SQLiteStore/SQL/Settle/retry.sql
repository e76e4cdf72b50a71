-- Makes a row WAITING for another attempt, if the claim still holds.
--
-- :run_at    text     when the row is due
-- :error     text     what went wrong
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
UPDATE tasks
SET status = 'WAITING', run_at = :run_at, last_error = :error, crashes = 0, postponed = 0, lease_owner = NULL,
    lease_expires_at = NULL, progress_done = NULL, progress_total = NULL, progress_note = NULL
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
