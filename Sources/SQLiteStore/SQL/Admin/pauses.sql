-- The queues that are paused now, by name.
--
-- :now  text  the current moment
-- Returns queue, paused_until, paused_at, paused_why, paused_by; texts as bytes, moments as Julian days.
SELECT CAST(queue AS BLOB) AS queue,
    -- From the year 9999 on: for ever.
    iif(julianday(paused_until) < 5373119.5, julianday(paused_until), NULL) AS paused_until,
    julianday(paused_at) AS paused_at,
    CAST(paused_why AS BLOB) AS paused_why, CAST(paused_by AS BLOB) AS paused_by
FROM task_queues
WHERE julianday(task_queues.paused_until) > julianday(:now)
ORDER BY task_queues.queue
