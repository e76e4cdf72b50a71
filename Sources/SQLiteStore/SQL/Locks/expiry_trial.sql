-- Makes rows FAILED in a transaction that is undone, to find out whether the table allows it.
--
-- :ids  JSON  the numbers of the rows
UPDATE tasks
SET status = 'FAILED', lock_place = 0, last_error = 'expired: not begun'
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'WAITING'
