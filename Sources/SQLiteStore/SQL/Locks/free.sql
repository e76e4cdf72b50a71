-- Frees the lock key of a row whose claim has ended.
--
-- Rows whose runs died keep theirs: it is not known what they do when they run again.
--
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
UPDATE tasks
SET lock_place = 0
WHERE id = :id AND claim_no = :claim_no AND lock_place = 2
    AND (status = 'FAILED' OR status = 'WAITING' AND crashes = 0)
