-- Sets them for the session if the process that answers is the one that libpq was told of when it connected; NULL where
-- nothing was set.
--
-- A pooler tells a number of its own. Each name here says whose it is, as the statement is run with the user's
-- search_path; of several lists unnest is PostgreSQL's own in any case.
--
-- Only those that the server has are set.
--
-- $1 names    text[]  of the settings
-- $2 values   text[]  theirs
-- $3 process  int4    the server process that is expected
-- Returns settings.
SELECT CASE
    WHEN pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) $3::integer
    THEN (SELECT pg_catalog.count(pg_catalog.set_config(name, value, false)) FROM
        -- same: known_settings
        unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS setting (name, value)
            WHERE name OPERATOR(pg_catalog.<>) 'client_connection_check_interval'
                OR pg_catalog.current_setting('server_version_num')::integer OPERATOR(pg_catalog.>=) 140000
                    AND pg_catalog.strpos(pg_catalog.version(), 'linux') OPERATOR(pg_catalog.>) 0
        -- end
    )
END AS settings
