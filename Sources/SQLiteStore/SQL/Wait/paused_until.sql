-- When the pause of a queue ends.
--
-- :queue  blob  the bytes of the queue
-- Returns moment (Julian day, or NULL if it is not paused), or no row.
SELECT julianday(paused_until) AS moment FROM task_queues WHERE queue = CAST(:queue AS TEXT)
