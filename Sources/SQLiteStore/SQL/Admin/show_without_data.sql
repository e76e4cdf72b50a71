-- One row, by its number, without its payload: reading large payloads takes long.
--
-- :id  integer  the number of the row
-- Returns the same columns as show; data is NULL.
SELECT task_rows.*, NULL AS data FROM task_rows WHERE id = :id
