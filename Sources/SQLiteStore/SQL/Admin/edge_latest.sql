-- The id that is so many rows further, greatest id first; no row if there are not as many.
--
-- :after  integer  only smaller ids, or NULL for all
-- :rows   integer  how many rows further
-- Returns id.
SELECT id
FROM tasks
WHERE id <= coalesce(:after - 1, 9223372036854775807)
ORDER BY id DESC
LIMIT 1 OFFSET :rows - 1
