-- What tells these tables from all others: the server's, the database's and the table's numbers.
--
-- Returns tables.
SELECT pg_catalog.concat_ws(' ', system_identifier, oid, to_regclass('tasks')::oid) AS tables
FROM pg_control_system(), pg_database
WHERE datname = current_database()
