-- The rows with these tokens.
--
-- $1 tokens  text[]  of the tasks
-- Returns the columns of task_rows, and data.
SELECT task_rows.*, tasks.data
FROM ONLY tasks JOIN task_rows() AS task_rows ON task_rows.id = tasks.id
WHERE tasks.token IN (SELECT pg_catalog.unnest($1::text[])) AND tasks.token IS NOT NULL
