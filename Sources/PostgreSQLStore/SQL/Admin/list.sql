-- Rows by their ids, smallest first.
--
-- Planned for these values: the payload, which may be large and is stored elsewhere on the disk, is read only if it is
-- wanted.
--
-- $1 ids       int8[]  the rows
-- $2 has_data  bool    whether the payload is wanted; else it is empty
-- Returns the columns of task_rows, and data.
SELECT task_rows.*, CASE WHEN $2::boolean THEN tasks.data::text ELSE '' END AS data
FROM ONLY tasks JOIN task_rows() AS task_rows ON task_rows.id = tasks.id
WHERE tasks.id = ANY ($1::bigint[])
ORDER BY tasks.id
