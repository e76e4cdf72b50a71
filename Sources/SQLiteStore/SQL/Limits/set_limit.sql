-- Sets a limit.
--
-- :kind        text     'queue' or 'name'
-- :name        text     the queue or task name
-- :running     integer  the most at once, or NULL
-- :per_minute  integer  the most per minute, or NULL
INSERT INTO task_limits (kind, name, max_running, max_per_minute)
VALUES (:kind, :name, :running, :per_minute)
ON CONFLICT (kind, name) DO UPDATE
SET max_running = excluded.max_running, max_per_minute = excluded.max_per_minute
