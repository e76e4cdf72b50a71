-- Whether this role may create functions and blocks, as migrations do.
--
-- Returns may_use.
SELECT pg_catalog.has_language_privilege(oid, 'USAGE'::text) AS may_use FROM pg_catalog.pg_language
    WHERE lanname = 'plpgsql'
