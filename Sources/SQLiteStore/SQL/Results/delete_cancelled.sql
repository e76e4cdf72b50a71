-- Removes a row that is to be cancelled.
--
-- :id  integer  the number of the row
-- Returns lock_key, batch; both as bytes.
DELETE FROM tasks
WHERE
    -- same: to_be_cancelled
    id = :id AND status = 'WAITING' AND cancel_requested_at IS NOT NULL
    -- end
RETURNING CAST(lock_key AS BLOB) AS lock_key, CAST(batch AS BLOB) AS batch
