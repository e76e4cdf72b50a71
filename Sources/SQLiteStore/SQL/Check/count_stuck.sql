-- How many tasks have ended and their rows could not be written.
--
-- Returns number.
SELECT count(*) AS number
FROM task_stuck
