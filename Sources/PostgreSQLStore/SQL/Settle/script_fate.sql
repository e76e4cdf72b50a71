-- The row of a task whose COMMIT was not answered; waits for a transaction that still holds the row.
--
-- $1 id            int8  the row
-- $2 claim_number  int8  its claim
-- Returns is_ours.
SELECT claim_no = $2::bigint AND status = 'PROCESSING' AS is_ours
FROM ONLY tasks
WHERE id = $1::bigint
FOR NO KEY UPDATE
