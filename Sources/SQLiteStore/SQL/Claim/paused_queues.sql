-- The queues that are paused: few, the table is empty usually.
--
-- :now  text  the moment to go by
-- Returns queue (bytes).
SELECT CAST(queue AS BLOB) AS queue
FROM task_queues INDEXED BY task_queues_paused
WHERE paused_until IS NOT NULL AND julianday(paused_until) > julianday(:now)
