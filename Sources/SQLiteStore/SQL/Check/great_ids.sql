-- Rows with numbers above 2^62.
--
-- :limit  integer  the most rows
-- Returns id.
SELECT id FROM tasks WHERE id > 4611686018427387904 ORDER BY id LIMIT :limit
