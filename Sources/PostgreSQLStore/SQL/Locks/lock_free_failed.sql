-- Takes keys from rows that are FAILED, or were never claimed, and hold them, as only a change by hand can leave them.
--
-- status || '': not a condition that a partial index has. A plan made while such rows were rare would go through all of
-- that index for each number.
-- A row gets its key when it is claimed: one that never was holds it by hand only.
--
-- $1 keys  text[]  the lock keys
UPDATE ONLY tasks
SET lock_place = 0
WHERE lock_key = ANY ($1::text[]) AND lock_place = 2
    AND (status || '' = 'FAILED' OR status || '' = 'WAITING' AND claim_no = 0 AND crashes = 0)
