-- list.sql with payloads, up to so many bytes of them.
--
-- The size of a payload is known without reading it.
--
-- $1 ids        int8[]  the rows
-- $2 is_latest  bool    whether the greatest ids come first
-- $3 bytes      int8    the most payload, in bytes
-- Returns the columns of task_rows, and data.
SELECT task_rows.*, tasks.data
FROM ONLY tasks JOIN task_rows() AS task_rows ON task_rows.id = tasks.id
WHERE tasks.id IN (
    SELECT id
    FROM (
        SELECT id, sum(size) OVER (ORDER BY CASE WHEN $2::boolean THEN -id ELSE id END) - size AS before
        FROM (
            SELECT id, pg_catalog.pg_column_size(data) AS size FROM ONLY tasks WHERE id = ANY ($1::bigint[])
        ) AS sizes
    ) AS sums
    WHERE before < $3::bigint
)
ORDER BY tasks.id
