-- Takes keys from rows that hold them and are FAILED or were never claimed: only a change by hand leaves such rows.
--
-- status || '': no partial index has this condition. A plan made while such rows were rare would otherwise read all of
-- that index for each number.
-- A row gets its key when it is claimed: a row that was never claimed holds it only after a change by hand.
--
-- $1 keys  text[]  the lock keys
UPDATE ONLY tasks
SET lock_place = 0
WHERE lock_key = ANY ($1::text[]) AND lock_place = 2
    AND (status || '' = 'FAILED' OR status || '' = 'WAITING' AND claim_no = 0 AND crashes = 0)
