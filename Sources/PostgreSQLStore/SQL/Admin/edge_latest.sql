-- The id that is so many rows further, greatest id first; no row if there are not as many.
--
-- Planned for these values: a NULL costs nothing.
--
-- $1 after  int8  only smaller ids, or NULL for all
-- $2 rows   int8  how many rows further
-- Returns id.
SELECT id
FROM ONLY tasks
WHERE $1::bigint IS NULL OR id < $1::bigint
ORDER BY id DESC
LIMIT 1 OFFSET $2::bigint - 1
