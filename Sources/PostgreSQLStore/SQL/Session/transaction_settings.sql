-- Makes settings for the transaction.
--
-- Each name here says its schema, as the statement runs with the user's search_path; unnest of several lists is always
-- PostgreSQL's own.
--
-- Only settings that the server has are set.
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
