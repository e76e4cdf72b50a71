-- Forgets that a task has ended, after its row was written or deleted.
--
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
DELETE FROM task_stuck WHERE task_id = :id AND claim_no = :claim_no
