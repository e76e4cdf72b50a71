-- Sets them for the transaction.
--
-- Each name here says whose it is, as the statement is run with the user's search_path; of several lists unnest is
-- PostgreSQL's own in any case.
--
-- Only those that the server has are set.
--
-- $1 names   text[]  of the settings
-- $2 values  text[]  theirs
-- Returns set_config.
SELECT pg_catalog.set_config(name, value, true) FROM
    -- same: known_settings
    unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS setting (name, value)
        WHERE name OPERATOR(pg_catalog.<>) 'client_connection_check_interval'
            OR pg_catalog.current_setting('server_version_num')::integer OPERATOR(pg_catalog.>=) 140000
                AND pg_catalog.strpos(pg_catalog.version(), 'linux') OPERATOR(pg_catalog.>) 0
    -- end
