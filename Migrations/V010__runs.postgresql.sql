-- Runs, so that people see whether cron starts them, and which host has which handlers.

-- One row is one run. The runs of one origin that found nothing to do share one row.
CREATE TABLE task_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What lease_owner has for the tasks of the run. In a shared row: of the newest run.
    run text NOT NULL,
    -- A hash of the host, the user, the folder and the arguments: runs that one crontab line starts have the same one.
    origin text COLLATE "C" NOT NULL,
    host text COLLATE "C" NOT NULL,
    pid integer NOT NULL,
    user_name text NOT NULL,
    -- The command line, without the database's address.
    command text NOT NULL,
    -- The version of taskrun.
    version text NOT NULL,
    -- The task names that the run has handlers for, as a JSON array.
    names json NOT NULL,
    -- The most handlers at once.
    slots integer NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    -- The run was there at this moment.
    seen_at timestamptz NOT NULL DEFAULT now(),
    -- NULL: the run goes on, or it died.
    ended_at timestamptz,
    -- How it ended: the exit status, and the error if one ended it early.
    exit_status integer,
    error text,
    -- Whether runs that found nothing share the row, and how many did.
    is_idle boolean NOT NULL,
    runs bigint NOT NULL DEFAULT 1,
    claimed bigint NOT NULL DEFAULT 0,
    succeeded bigint NOT NULL DEFAULT 0,
    retried bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    released bigint NOT NULL DEFAULT 0,
    recovered bigint NOT NULL DEFAULT 0,
    leases_lost bigint NOT NULL DEFAULT 0
);

-- The row that the runs of an origin share.
CREATE UNIQUE INDEX task_runs_idle ON task_runs (origin) WHERE is_idle;

-- The newest runs, and those that are old enough to be removed.
CREATE INDEX task_runs_seen ON task_runs (seen_at);

-- When a name without a handler was last reported: once an hour is enough, whatever the number of hosts.
CREATE TABLE task_reports (
    task_name text COLLATE "C" PRIMARY KEY,
    reported_at timestamptz NOT NULL DEFAULT now()
);

-- Roles that may change tasks perform them, and write here. The operators are named in full: a schema of the path may
-- have others.
DO $$
DECLARE
    worker regrole;
BEGIN
    FOR worker IN
        SELECT DISTINCT held.grantee::regrole
        FROM pg_catalog.pg_class AS tables CROSS JOIN LATERAL pg_catalog.aclexplode(tables.relacl) AS held
        WHERE tables.oid OPERATOR(pg_catalog.=) 'tasks'::regclass::oid
            AND held.privilege_type OPERATOR(pg_catalog.=) 'UPDATE'::text
            AND held.grantee OPERATOR(pg_catalog.<>) 0::oid
            AND held.grantee OPERATOR(pg_catalog.<>) tables.relowner
    LOOP
        EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON task_runs, task_reports TO %s', worker);
    END LOOP;
END
$$;
