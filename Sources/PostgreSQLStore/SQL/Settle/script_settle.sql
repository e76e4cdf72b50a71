-- Removes the task whose script is to run, while its claim holds.
--
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
--
-- $1 id            int8  the row
-- $2 claim_number  int8  its claim
-- Returns lock_key.
DELETE FROM ONLY tasks
WHERE id = $1::bigint AND claim_no = $2::bigint AND tasks.status || '' = 'PROCESSING'
RETURNING lock_key
