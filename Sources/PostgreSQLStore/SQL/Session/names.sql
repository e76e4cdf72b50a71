-- The schemas in which this store's statements look for names, and the user's: see Names.
--
-- Each name here says its schema, as the statement runs with the user's search_path. If that names no schema that
-- exists, the first column is a name that no schema has.
--
-- Returns own, users.
SELECT
    -- same: own_path
    coalesce(pg_catalog.quote_ident(pg_catalog.current_schema()) OPERATOR(pg_catalog.||) ', pg_temp', '""')
    -- end
    AS own, pg_catalog.current_setting('search_path') AS users
