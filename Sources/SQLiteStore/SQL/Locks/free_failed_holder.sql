-- Takes the key of a row from one that holds it and does not need it.
--
-- What is FAILED, or was never claimed, holds no key, but by hand.
--
-- :id  integer  the number of the row
UPDATE tasks
SET lock_place = 0
WHERE lock_place = 2 AND lock_key = (SELECT lock_key FROM tasks WHERE id = :id)
    AND (status = 'FAILED' OR status = 'WAITING' AND claim_no = 0 AND crashes = 0)
