-- Whether any run holds a row.
--
-- Returns one row or none.
SELECT 1 FROM tasks INDEXED BY tasks_lease WHERE status = 'PROCESSING' LIMIT 1
