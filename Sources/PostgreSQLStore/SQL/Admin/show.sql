-- One row with all columns.
--
-- $1 id  int8  the row
-- Returns the columns of task_rows, and data.
SELECT task_rows.*, tasks.data
FROM ONLY tasks JOIN task_rows() AS task_rows ON task_rows.id = tasks.id
WHERE tasks.id = $1::bigint
