-- The sessions that may have a lost transaction open.
--
-- A server process of a lost session, until it has ended: it may not even have begun what was sent to it. Behind a
-- pooler the process is not known: then each session of this role that has a transaction open.
--
-- $1 processes  int4[]  of the lost sessions
-- $2 own        int4    the present session's process as libpq knows it
-- Returns session.
SELECT pg_catalog.concat(pid, ' ',
    extract(epoch FROM CASE WHEN $2::integer = pg_backend_pid() THEN backend_start ELSE xact_start END)) AS session
FROM pg_catalog.pg_stat_activity
WHERE pid <> pg_backend_pid()
    AND (
        $2::integer = pg_backend_pid() AND pid = ANY ($1::integer[])
        OR $2::integer <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'
            AND datname = current_database() AND usename = session_user
    )
