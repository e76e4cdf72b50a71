-- Pauses a queue.
--
-- :queue  text  the queue
-- :until  text  until when; NULL: without end
-- :now    text  the current moment
-- :why    text  why, or NULL
-- :who    text  by whom, or NULL
INSERT INTO task_queues (queue, paused_until, paused_at, paused_why, paused_by)
VALUES (:queue, coalesce(:until, '9999-12-31 23:59:59.999'), :now, :why, :who)
ON CONFLICT (queue) DO UPDATE
SET paused_until = excluded.paused_until, paused_at = excluded.paused_at, paused_why = excluded.paused_why,
    paused_by = excluded.paused_by
