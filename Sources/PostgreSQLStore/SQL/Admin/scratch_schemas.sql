-- The schemas of other measurements, in progress or killed.
--
-- $1 prefix  text  what the names begin with
-- Returns nspname.
SELECT nspname FROM pg_catalog.pg_namespace WHERE starts_with(nspname::text, $1::text) ORDER BY nspname
