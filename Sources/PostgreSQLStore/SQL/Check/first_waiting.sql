-- The first waiting rows.
--
-- $1 limit  int4  the most rows
-- Returns id.
SELECT id FROM ONLY tasks WHERE status = 'WAITING' AND after_batch IS NULL ORDER BY id LIMIT $1::integer
