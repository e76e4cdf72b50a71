-- Where this store's statements look for names, and where the user's do: see Names.
--
-- Each name here says whose it is, as the statement is run with the user's search_path. Where that names no schema that
-- exists, the first column is a name that no schema has.
--
-- Returns own, users.
SELECT
    -- same: own_path
    coalesce(pg_catalog.quote_ident(pg_catalog.current_schema()) OPERATOR(pg_catalog.||) ', pg_temp', '""')
    -- end
    AS own, pg_catalog.current_setting('search_path') AS users
