-- The first due rows of a lane that have no lock key, in due order.
--
-- :name      text     the task name
-- :queue     blob     the bytes of the queue
-- :priority  real     the priority
-- :now       text     the current moment
-- :limit     integer  the most rows
-- Returns id, run_at (Julian day).
SELECT id, julianday(run_at) AS run_at
FROM tasks_plain AS tasks
WHERE task_name = :name AND queue = CAST(:queue AS TEXT)
    AND priority = :priority AND julianday(run_at) <= julianday(:now)
ORDER BY julianday(tasks.run_at), id
LIMIT :limit
