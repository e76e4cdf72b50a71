-- The task names of the newest lines.
--
-- $1 limit  int8  so many lines
-- Returns task_name.
SELECT DISTINCT task_name
FROM (SELECT task_name FROM ONLY task_history ORDER BY no DESC LIMIT $1::bigint) AS newest
