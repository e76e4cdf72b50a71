-- Removes a claimed row that has a newer equal.
--
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number, or NULL for any
DELETE FROM tasks
WHERE id = :id AND status = 'PROCESSING' AND (:claim_no IS NULL OR claim_no = :claim_no)
