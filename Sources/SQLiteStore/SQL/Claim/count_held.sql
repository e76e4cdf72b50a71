-- How many of these rows a run has claimed.
--
-- :ids    JSON  the numbers of the rows
-- :owner  text  the run
-- Returns number.
SELECT count(*) AS number
FROM tasks
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'PROCESSING' AND lease_owner = :owner
    AND lease_expires_at IS NOT NULL
