-- Notes a task whose handler has ended although the file refuses to let its row be written.
--
-- :id        integer  the number of the row
-- :claim_no  integer  the claim number
-- :is_done   integer  1: the task is done
-- :error     text     why the row cannot be written
INSERT OR REPLACE INTO task_stuck (task_id, claim_no, is_done, error)
VALUES (:id, :claim_no, :is_done, :error)
