-- Notes how a task ended.
--
-- :task_id      integer  the number of the task
-- :task_name    text     its name
-- :queue        text     its queue
-- :status       text     how it ended
-- :attempts     integer  how many attempts were begun
-- :waited       real     seconds from the moment when it was due to the begin of the last attempt, or NULL
-- :ran          real     seconds that this attempt took, or NULL
-- :host         text     where it ran, or NULL
-- :exit_code    integer  how its program ended, or NULL
-- :signal       integer  the signal that ended it, or NULL
-- :peak_memory  integer  the most memory of the program, in bytes, or NULL
-- :token        text     the token, or NULL
-- :batch        text     the batch, or NULL
-- :ended_at     text     the current moment
INSERT INTO task_history (
    task_id, task_name, queue, status, attempts, waited, ran, host, exit_code, signal, peak_memory, token, batch,
    ended_at
)
VALUES (
    :task_id, :task_name, :queue, :status, :attempts, :waited, :ran, :host, :exit_code, :signal, :peak_memory, :token,
    :batch, :ended_at
)
