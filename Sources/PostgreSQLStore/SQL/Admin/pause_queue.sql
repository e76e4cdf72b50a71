-- Pauses a queue.
--
-- $1 queue    text    its name
-- $2 seconds  float8  how long, or NULL until it is resumed
-- $3 why      text    for people
-- $4 who      text    for people
INSERT INTO task_queues (queue, paused_until, paused_why, paused_by)
VALUES ($1, coalesce(clock_timestamp() + make_interval(secs => $2::double precision), 'infinity'), $3, $4)
ON CONFLICT (queue) DO UPDATE
-- Anew: the row may have been waited for.
SET paused_until = coalesce(clock_timestamp() + make_interval(secs => $2::double precision), 'infinity'),
    paused_at = clock_timestamp(), paused_why = excluded.paused_why,
    paused_by = excluded.paused_by
