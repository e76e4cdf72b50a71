-- The next task name, in the order of the bytes, of which rows without a lock key wait.
--
-- :name  blob  the bytes of the name behind which it looks
-- Returns task_name (bytes).
SELECT CAST(task_name AS BLOB) AS task_name
FROM tasks
WHERE
    -- same: plain_rows
    status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL
    -- end
    -- x'' comes after every text and before every other blob.
    AND task_name > CAST(:name AS TEXT) AND task_name < x''
ORDER BY tasks.task_name
LIMIT 1
