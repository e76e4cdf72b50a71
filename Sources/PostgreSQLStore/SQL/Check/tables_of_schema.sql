-- The names of the tables in the first schema.
--
-- Returns relname.
SELECT relname
FROM pg_catalog.pg_class
WHERE relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()::text))::oid
    AND relkind = 'r'
