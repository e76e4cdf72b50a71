-- Puts rows behind others in the lines of their keys.
--
-- :ids  JSON  the numbers of the rows
UPDATE tasks
SET lock_place = 1
WHERE id IN (SELECT value FROM json_each(:ids))
