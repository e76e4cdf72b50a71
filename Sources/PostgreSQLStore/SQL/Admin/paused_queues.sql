-- The queues that are paused.
--
-- Returns queue, paused_until, paused_at, paused_why, paused_by.
SELECT queue, paused_until, paused_at, paused_why, paused_by
FROM ONLY task_queues
WHERE paused_until > now()
ORDER BY queue
