-- Frees the lock key of a row from another row that holds it without need.
--
-- A row that is FAILED or was never claimed holds a key only after a change by hand.
--
-- :id  integer  the number of the row
UPDATE tasks
SET lock_place = 0
WHERE lock_place = 2 AND lock_key = (SELECT lock_key FROM tasks WHERE id = :id)
    AND (status = 'FAILED' OR status = 'WAITING' AND claim_no = 0 AND crashes = 0)
