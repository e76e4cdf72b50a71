-- Sets a session up, if the answering process is the one that libpq named when it connected; else it changes nothing.
--
-- A pooler names a number of its own. Then settings is NULL. Each name here says its schema, as the statement runs with
-- the user's search_path; unnest of several lists is always PostgreSQL's own. Only settings that the server has are
-- set. The steps follow each other: the settings, the names as they are with these, and last the path of the store's
-- own statements. OFFSET 0 keeps the planner from joining them. If search_path names no schema that exists, own is a
-- name that no schema has.
--
-- $1 names    text[]  of the settings
-- $2 values   text[]  theirs
-- $3 process  int4    the server process that is expected
-- $4 own      bool    whether the session uses the schemas of the store's statements
-- Returns settings, own, users, path.
SELECT settings, own, users,
    CASE WHEN settings IS NOT NULL AND $4::boolean THEN pg_catalog.set_config('search_path', own, false) END AS path
FROM (
    SELECT settings,
        -- same: own_path
        coalesce(pg_catalog.quote_ident(pg_catalog.current_schema()) OPERATOR(pg_catalog.||) ', pg_temp', '""')
        -- end
        AS own, pg_catalog.current_setting('search_path') AS users
    FROM (
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
        OFFSET 0
    ) AS set_up
    OFFSET 0
) AS named
