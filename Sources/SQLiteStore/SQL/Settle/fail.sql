-- Makes a row FAILED, if the claim still holds.
--
-- :error     text     what went wrong
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
UPDATE tasks
SET status = 'FAILED', failed_at = strftime('%Y-%m-%d %H:%M:%f', 'now'), last_error = :error,
    lease_owner = NULL, lease_expires_at = NULL
WHERE
    -- same: claim_holds
    id = :id AND claim_no = :claim_no AND status = 'PROCESSING'
    -- end
