-- Lets this session look for names where the store's statements do, if the process that answers is this one.
--
-- Each name here says whose it is, as the statement is run with the user's search_path. Where that names no schema that
-- exists, the path is a name that no schema has.
--
-- $1 process  int4  the server process that is expected
-- Returns path.
SELECT CASE
    WHEN pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) $1::integer
    THEN pg_catalog.set_config('search_path',
        -- same: own_path
        coalesce(pg_catalog.quote_ident(pg_catalog.current_schema()) OPERATOR(pg_catalog.||) ', pg_temp', '""')
        -- end
        , false)
END AS path
