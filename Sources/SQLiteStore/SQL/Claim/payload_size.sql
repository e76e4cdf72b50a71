-- How long the payload of a row is.
--
-- :id  integer  the number of the row
-- Returns bytes.
SELECT length(CAST(data AS BLOB)) AS bytes FROM tasks WHERE id = :id
