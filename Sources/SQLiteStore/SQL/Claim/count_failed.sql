-- How many of these rows are FAILED.
--
-- :ids  JSON  the numbers of the rows
-- Returns number.
SELECT count(*) AS number
FROM tasks
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'FAILED'
