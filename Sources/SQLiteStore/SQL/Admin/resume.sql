-- Ends the pauses of queues.
--
-- :queues  JSON  the queues
-- :now     text  the current moment
-- Returns queue (bytes).
UPDATE task_queues
SET paused_until = NULL
WHERE queue IN (SELECT value FROM json_each(:queues)) AND julianday(paused_until) > julianday(:now)
RETURNING CAST(queue AS BLOB) AS queue
