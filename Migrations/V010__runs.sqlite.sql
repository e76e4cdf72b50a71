-- Runs, so that people see whether cron starts them, and which host has which handlers.

-- One row is one run. The runs of one origin that found nothing to do share one row.
CREATE TABLE task_runs (
    id INTEGER PRIMARY KEY,
    -- What lease_owner has for the tasks of the run. In a shared row: of the newest run.
    run TEXT NOT NULL,
    -- A hash of the host, the user, the folder and the arguments: runs that one crontab line starts have the same one.
    origin TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    -- The command line, without the database's address.
    command TEXT NOT NULL,
    -- The version of taskrun.
    version TEXT NOT NULL,
    -- The task names that the run has handlers for, as a JSON array.
    names TEXT NOT NULL,
    -- The most handlers at once.
    slots INTEGER NOT NULL,
    began_at TEXT NOT NULL,
    -- The run was there at this moment.
    seen_at TEXT NOT NULL,
    -- NULL: the run goes on, or it died.
    ended_at TEXT,
    -- How it ended: the exit status, and the error if one ended it early.
    exit_status INTEGER,
    error TEXT,
    -- Whether runs that found nothing share the row, and how many did.
    is_idle INTEGER NOT NULL,
    runs INTEGER NOT NULL DEFAULT 1,
    claimed INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0,
    retried INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    released INTEGER NOT NULL DEFAULT 0,
    recovered INTEGER NOT NULL DEFAULT 0,
    leases_lost INTEGER NOT NULL DEFAULT 0
);

-- The row that the runs of an origin share.
CREATE UNIQUE INDEX task_runs_idle ON task_runs (origin) WHERE is_idle;

-- The newest runs, and those that are old enough to be removed.
CREATE INDEX task_runs_seen ON task_runs (julianday(seen_at));

-- When a name without a handler was last reported: once an hour is enough, whatever the number of hosts.
CREATE TABLE task_reports (
    task_name TEXT NOT NULL PRIMARY KEY,
    reported_at TEXT NOT NULL
) WITHOUT ROWID;
