-- Notes that a run is there, what it has done so far, and perhaps how it ended.
--
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
-- :id           integer  of its row
UPDATE task_runs
SET seen_at = :now, ended_at = CASE WHEN :has_ended THEN :now END, exit_status = :exit_status, error = :error,
    claimed = :claimed, succeeded = :succeeded, retried = :retried, failed = :failed, released = :released,
    recovered = :recovered, leases_lost = :leases_lost
WHERE id = :id
