-- Notes a run that found nothing to do, in the row that all such runs of its origin share.
--
-- :run          text     of lease_owner
-- :origin       text     the mark of the crontab line
-- :host         text     its name
-- :pid          integer  the process number
-- :user_name    text     the user
-- :command      text     the command line, without the database's address
-- :version      text     of taskrun
-- :names        text     a JSON array of the task names that the run has handlers for
-- :slots        integer  the most handlers at once
-- :began        text     when the run began
-- :now          text     the current moment
-- :exit_status  integer  how it ended
-- :error        text     what ended it early, or NULL
INSERT INTO task_runs (
    run, origin, host, pid, user_name, command, version, names, slots, began_at, seen_at, ended_at, exit_status,
    error, is_idle
)
VALUES (
    :run, :origin, :host, :pid, :user_name, :command, :version, :names, :slots, :began, :now, :now, :exit_status,
    :error, 1
)
ON CONFLICT (origin) WHERE is_idle DO UPDATE
SET run = excluded.run, host = excluded.host, pid = excluded.pid, user_name = excluded.user_name,
    command = excluded.command, version = excluded.version, names = excluded.names, slots = excluded.slots,
    began_at = excluded.began_at, seen_at = excluded.seen_at, ended_at = excluded.ended_at,
    exit_status = excluded.exit_status, error = excluded.error, runs = task_runs.runs + 1
