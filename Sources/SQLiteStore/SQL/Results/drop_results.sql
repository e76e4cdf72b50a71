-- Removes the results of rows that were retried.
--
-- :ids  JSON  the numbers of the rows
DELETE FROM task_results
WHERE token IN (
    SELECT token FROM tasks WHERE token IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))
)
