-- The paused queues. They are few, and usually the table is empty.
--
-- :now  text  the current moment
-- Returns queue (bytes).
SELECT CAST(queue AS BLOB) AS queue
FROM task_queues INDEXED BY task_queues_paused
WHERE paused_until IS NOT NULL AND julianday(paused_until) > julianday(:now)
