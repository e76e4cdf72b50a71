-- Asks for a task to be cancelled.
--
-- :now  text     the current moment
-- :id   integer  the number of the row
-- Returns is_waiting, task_name (bytes).
UPDATE tasks
SET cancel_requested_at = coalesce(cancel_requested_at, :now)
WHERE id = :id AND status <> 'FAILED'
RETURNING status = 'WAITING' AS is_waiting, CAST(task_name AS BLOB) AS task_name
