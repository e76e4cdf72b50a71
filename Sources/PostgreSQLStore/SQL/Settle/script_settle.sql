-- Removes the task whose script is to run, if its claim still holds.
--
-- waited: in seconds since the task was due, or NULL if run_at is no moment.
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
--
-- $1 id            int8  the row
-- $2 claim_number  int8  its claim
-- Returns lock_key, waited.
DELETE FROM ONLY tasks
WHERE id = $1::bigint AND claim_no = $2::bigint AND tasks.status || '' = 'PROCESSING'
RETURNING lock_key, CASE WHEN isfinite(run_at)
    THEN greatest(0, date_part('epoch', statement_timestamp()) - date_part('epoch', run_at)) END::text AS waited
