-- The size of a row's payload.
--
-- :id  integer  the number of the row
-- Returns bytes.
SELECT length(CAST(data AS BLOB)) AS bytes FROM tasks WHERE id = :id
