-- Looks for the names of the statements that follow in this transaction there.
--
-- $1 path  text  the schemas
-- Returns set_config.
SELECT pg_catalog.set_config('search_path', $1, true)
