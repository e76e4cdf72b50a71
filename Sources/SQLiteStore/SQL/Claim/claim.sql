-- Claims rows of one lane, or of any.
--
-- What all rows of a lane have in common is not read from them: that would cost more than the rest.
--
-- No SKIP LOCKED: SQLite has one writer, and this transaction is the writer. A number that cannot rise, or is not
-- valid, must not stop all other rows: attempts stays at its maximum, and the greatest claim number is followed by 1.
--
-- :owner      text     the run that claims
-- :lease_end  text     when the lease ends
-- :ids        JSON     the numbers of the rows
-- :now        text     the current moment
-- :is_lane     integer  1 if the rows are of one lane
-- Returns id, claim_no, data, attempts, max_attempts, timeout_seconds, token, batch, is_cancel_requested, task_name,
-- queue, crashes, lock_key; texts as bytes.
UPDATE tasks
-- same: taken
SET status = 'PROCESSING', attempts = min(max(CAST(attempts AS INTEGER), 0), 2147483646) + 1,
    claim_no = max(CAST(claim_no AS INTEGER) % 4611686018427387904, 0) + 1,
    lease_owner = :owner, lease_expires_at = :lease_end
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING'
-- end
    -- Ends the statement if the rows are too large to be in memory at once: see CSQLite.h.
    AND taskrun_fits(data)
    AND (expires_at IS NULL OR attempts > 0 OR julianday(expires_at) > julianday(:now))
RETURNING id, claim_no, CAST(data AS BLOB) AS data, attempts, max_attempts, timeout_seconds,
    CAST(token AS BLOB) AS token, CAST(batch AS BLOB) AS batch, cancel_requested_at IS NOT NULL AS is_cancel_requested,
    iif(:is_lane, NULL, CAST(task_name AS BLOB)) AS task_name, iif(:is_lane, NULL, CAST(queue AS BLOB)) AS queue,
    iif(:is_lane, NULL, crashes) AS crashes, iif(:is_lane, NULL, CAST(lock_key AS BLOB)) AS lock_key
