-- What tells these tables from all others: the numbers of the server, the database and the table.
--
-- Returns tables.
SELECT pg_catalog.concat_ws(' ', system_identifier, oid, to_regclass('tasks')::oid) AS tables
FROM pg_control_system(), pg_database
WHERE datname = current_database()
