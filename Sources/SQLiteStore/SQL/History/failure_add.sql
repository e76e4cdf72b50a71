-- Notes a failed attempt.
--
-- :task_id      integer  the number of the task
-- :task_name    text     its name
-- :attempt      integer  which attempt it was
-- :error        text     what went wrong
-- :ran          real     seconds that the attempt took, or NULL
-- :host         text     where it ran, or NULL
-- :exit_code    integer  how its program ended, or NULL
-- :signal       integer  the signal that ended it, or NULL
-- :peak_memory  integer  the most memory of the program, in bytes, or NULL
-- :failed_at    text     the current moment
INSERT INTO task_failures (
    task_id, task_name, attempt, error, ran, host, exit_code, signal, peak_memory, failed_at
)
VALUES (:task_id, :task_name, :attempt, :error, :ran, :host, :exit_code, :signal, :peak_memory, :failed_at)
