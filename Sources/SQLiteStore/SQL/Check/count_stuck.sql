-- How many tasks have ended although their rows could not be written.
--
-- Returns number.
SELECT count(*) AS number
FROM task_stuck
