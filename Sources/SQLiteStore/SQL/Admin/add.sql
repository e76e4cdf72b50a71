-- Adds a task, unless an equal one waits.
--
-- coalesce repeats the columns' defaults, as SQLite has no DEFAULT in a list of values; a test compares them.
--
-- :task_name        text     the task name
-- :data             text     the payload, JSON
-- :queue            text     the queue, or NULL
-- :priority         integer  the priority, or NULL
-- :run_at           text     when it is due; NULL: at once
-- :max_attempts     integer  the most attempts, or NULL
-- :timeout_seconds  integer  the most seconds of an attempt, or NULL
-- :dedupe_key       text     of one name and key one task waits at most, or NULL
-- :lock_key         text     of one key one task runs at most, or NULL
-- :expires_at       text     until when it is to begin, or NULL
-- :token            text     the token, or NULL
-- :batch            text     the batch that it belongs to, or NULL
-- :after_batch      text     the batch that it waits for, or NULL
INSERT INTO tasks (
    -- same: task_columns
    task_name, data, queue, priority, run_at, max_attempts, timeout_seconds, dedupe_key, lock_key, expires_at, token,
    batch, after_batch
    -- end
)
VALUES (
    :task_name, :data, coalesce(:queue, 'default'), coalesce(:priority, 0),
    coalesce(:run_at, strftime('%Y-%m-%d %H:%M:%f', 'now')), :max_attempts, :timeout_seconds,
    :dedupe_key, :lock_key, :expires_at, :token, :batch, :after_batch
)
-- same: one_waits
ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL DO NOTHING
-- end
