-- Takes the key from a row whose claim has ended.
--
-- Crashed rows keep the key: what they do when they run again is not known.
--
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
UPDATE tasks
SET lock_place = 0
WHERE id = :id AND claim_no = :claim_no AND lock_place = 2
    AND (status = 'FAILED' OR status = 'WAITING' AND crashes = 0)
