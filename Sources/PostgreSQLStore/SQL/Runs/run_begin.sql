-- Adds the row of a run that works or stays.
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
-- $11 has_ended   bool    whether it ends now
-- $12 exit_status int4    how it ended, or NULL
-- $13 error       text    what ended it early, or NULL
-- $14 claimed     int8    what it has done so far
-- $15 succeeded   int8    the same
-- $16 retried     int8    the same
-- $17 failed      int8    the same
-- $18 released    int8    the same
-- $19 recovered   int8    the same
-- $20 leases_lost int8    the same
-- Returns id.
INSERT INTO task_runs (
    run, origin, host, pid, user_name, command, version, names, slots, began_at, seen_at, ended_at, exit_status,
    error, is_idle, claimed, succeeded, retried, failed, released, recovered, leases_lost
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, statement_timestamp() - make_interval(secs => $10::double precision),
    statement_timestamp(), CASE WHEN $11::boolean THEN statement_timestamp() END, $12, $13, false,
    $14, $15, $16, $17, $18, $19, $20
)
RETURNING id
