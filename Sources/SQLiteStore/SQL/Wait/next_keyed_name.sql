-- The next task name, in the order of the bytes, of which a row with a lock key waits.
--
-- :name  blob  the bytes of the name after which it looks
-- Returns task_name (bytes).
SELECT CAST(task_name AS BLOB) AS task_name
FROM tasks_keyed AS tasks
-- x'' sorts after every text and before every other blob.
WHERE task_name > CAST(:name AS TEXT) AND task_name < x''
ORDER BY tasks.task_name
LIMIT 1
