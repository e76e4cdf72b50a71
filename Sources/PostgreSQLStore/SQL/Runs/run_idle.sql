-- Notes a run that found nothing to do, in the row that all such runs of its origin share.
--
-- $1 run          text    of lease_owner
-- $2 origin       text    the mark of the crontab line
-- $3 host         text    its name
-- $4 pid          int4    the process number
-- $5 user_name    text    the user
-- $6 command      text    the command line, without the database's address
-- $7 version      text    of taskrun
-- $8 names        json    an array of the task names that the run has handlers for
-- $9 slots        int4    the most handlers at once
-- $10 age         float8  how many seconds ago the run began
-- $11 exit_status int4    how it ended
-- $12 error       text    what ended it early, or NULL
INSERT INTO task_runs (
    run, origin, host, pid, user_name, command, version, names, slots, began_at, seen_at, ended_at, exit_status,
    error, is_idle
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, statement_timestamp() - make_interval(secs => $10::double precision),
    statement_timestamp(), statement_timestamp(), $11, $12, true
)
ON CONFLICT (origin) WHERE is_idle DO UPDATE
SET run = excluded.run, host = excluded.host, pid = excluded.pid, user_name = excluded.user_name,
    command = excluded.command, version = excluded.version, names = excluded.names, slots = excluded.slots,
    began_at = excluded.began_at, seen_at = excluded.seen_at, ended_at = excluded.ended_at,
    exit_status = excluded.exit_status, error = excluded.error, runs = task_runs.runs + 1
