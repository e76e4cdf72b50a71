-- Adds the row of a run that works or stays.
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
-- :has_ended    integer  1: it ends now
-- :exit_status  integer  how it ended, or NULL
-- :error        text     what ended it early, or NULL
-- :claimed      integer  what it has done so far
-- :succeeded    integer  the same
-- :retried      integer  the same
-- :failed       integer  the same
-- :released     integer  the same
-- :recovered    integer  the same
-- :leases_lost  integer  the same
-- Returns id.
INSERT INTO task_runs (
    run, origin, host, pid, user_name, command, version, names, slots, began_at, seen_at, ended_at, exit_status,
    error, is_idle, claimed, succeeded, retried, failed, released, recovered, leases_lost
)
VALUES (
    :run, :origin, :host, :pid, :user_name, :command, :version, :names, :slots, :began, :now,
    CASE WHEN :has_ended THEN :now END, :exit_status, :error, 0,
    :claimed, :succeeded, :retried, :failed, :released, :recovered, :leases_lost
)
RETURNING id
