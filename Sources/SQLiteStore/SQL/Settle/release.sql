-- Makes a row WAITING as if it had not been claimed, if the claim still holds.
--
-- A release without a delay leaves run_at as it is, so that the task keeps its position. If a handler asks for it again
-- and again, the task waits at least a second.
--
-- :is_asked      integer  1: the handler asked for the release
-- :least_run_at  text     when it is due if the handler asked three times in a row
-- :run_at        text     when it is due; NULL: as before
-- :error         text     what went wrong; NULL: as before
-- :id            integer  the number of the row
-- :claim_no      integer  the claim number
UPDATE tasks
SET status = 'WAITING', attempts = min(max(CAST(attempts AS INTEGER) - 1, 0), 2147483647),
    run_at = CASE WHEN :is_asked AND postponed >= 2 THEN :least_run_at ELSE coalesce(:run_at, run_at) END,
    postponed = min(max(CAST(postponed AS INTEGER), 0) + :is_asked, 2147483647),
    last_error = coalesce(:error, CAST(last_error AS TEXT)),
    lease_owner = NULL, lease_expires_at = NULL, progress_done = NULL, progress_total = NULL, progress_note = NULL
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
