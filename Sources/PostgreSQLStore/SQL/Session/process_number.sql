-- The number of the server's process.
--
-- Returns pid.
SELECT pg_catalog.pg_backend_pid() AS pid
