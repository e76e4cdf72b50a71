-- Frees the lock key of a row that became FAILED.
--
-- :id  integer  the number of the row
UPDATE tasks
SET lock_place = 0
WHERE id = :id AND status = 'FAILED'
