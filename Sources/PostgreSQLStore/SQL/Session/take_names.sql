-- Uses this path for the next statements of this transaction.
--
-- $1 path  text  the schemas
-- Returns set_config.
SELECT pg_catalog.set_config('search_path', $1, true)
