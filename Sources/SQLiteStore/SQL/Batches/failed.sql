-- How many tasks of a batch are FAILED.
--
-- :batch  text  the batch
-- Returns number.
SELECT count(*) AS number
FROM tasks
WHERE batch IS NOT NULL AND batch = :batch AND status = 'FAILED'
