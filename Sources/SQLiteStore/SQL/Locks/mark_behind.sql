-- Notes that other rows of the same lock key come before these.
--
-- :ids  JSON  the numbers of the rows
UPDATE tasks
SET lock_place = 1
WHERE id IN (SELECT value FROM json_each(:ids))
