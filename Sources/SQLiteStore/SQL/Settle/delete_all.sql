-- Deletes the rows of finished tasks that have the same claim number, as far as the claims still hold.
--
-- :ids       JSON     the numbers of the rows
-- :claim_no  integer  the claim number
DELETE FROM tasks
WHERE id IN (SELECT value FROM json_each(:ids)) AND claim_no = :claim_no AND status = 'PROCESSING'
