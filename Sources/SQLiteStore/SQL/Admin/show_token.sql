-- One row, by its token.
--
-- :token  text  the token
-- Returns the same columns as list.
SELECT task_rows.*, CAST(tasks.data AS BLOB) AS data
FROM tasks JOIN task_rows ON task_rows.id = tasks.id
WHERE tasks.token = :token
