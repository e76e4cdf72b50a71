-- Forgets that a task has ended: its row is written, or gone.
--
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
DELETE FROM task_stuck WHERE task_id = :id AND claim_no = :claim_no
