-- Takes a row out of a dead run's hand.
--
-- :status   text     'WAITING' or 'FAILED'
-- :crashes  integer  how many runs have died on it now
-- :error    text     what went wrong
-- :id       integer  the number of the row
UPDATE tasks
SET status = :status, crashes = :crashes, last_error = :error, lease_owner = NULL, lease_expires_at = NULL,
    progress_done = NULL, progress_total = NULL, progress_note = NULL
WHERE id = :id AND status = 'PROCESSING'
