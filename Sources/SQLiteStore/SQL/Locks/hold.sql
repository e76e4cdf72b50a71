-- Notes that rows hold their lock keys.
--
-- :ids  JSON  the numbers of the rows
UPDATE tasks
SET lock_place = 2
WHERE id IN (SELECT value FROM json_each(:ids))
