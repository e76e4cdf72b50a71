-- Sets a limit.
--
-- $1 kind        text  queue or name
-- $2 name        text  of the queue or task
-- $3 running     int4  most at a time, or NULL
-- $4 per_minute  int4  most in a minute, or NULL
INSERT INTO task_limits (kind, name, max_running, max_per_minute)
VALUES ($1, $2, $3::integer, $4::integer)
ON CONFLICT (kind, name) DO UPDATE
SET max_running = excluded.max_running, max_per_minute = excluded.max_per_minute
