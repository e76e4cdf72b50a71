-- Takes a row over from a dead run.
--
-- :status   text     'WAITING' or 'FAILED'
-- :crashes  integer  how many runs in a row have died with it
-- :error    text     what went wrong
-- :id       integer  the number of the row
UPDATE tasks
SET status = :status,
    failed_at = CASE WHEN :status = 'FAILED' THEN strftime('%Y-%m-%d %H:%M:%f', 'now') END, crashes = :crashes, last_error = :error, lease_owner = NULL, lease_expires_at = NULL,
    progress_done = NULL, progress_total = NULL, progress_note = NULL
WHERE id = :id AND status = 'PROCESSING'
