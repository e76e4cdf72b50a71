-- Some tasks whose rows cannot be written, and how many there are.
--
-- Returns task_id, error, total.
SELECT task_id, error, count(*) OVER () AS total FROM ONLY task_stuck ORDER BY noted_at LIMIT 5
