-- Puts a row back as if it had not been claimed, if the claim still holds.
--
-- A release without a wait leaves run_at as it is: the task keeps its place. What asks for it in a circle waits for a
-- second.
--
-- :is_asked      integer  1: the handler asked for it
-- :least_run_at  text     when it is due where it was asked for three times on end
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
