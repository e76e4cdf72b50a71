-- The number of the row that has a token.
--
-- :token  text  the token
-- Returns id.
SELECT id FROM tasks WHERE token = :token
