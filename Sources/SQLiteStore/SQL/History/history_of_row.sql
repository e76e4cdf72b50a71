-- Notes how a task ended whose row became FAILED although no handler ended.
--
-- :status    text     how it ended
-- :ended_at  text     the current moment
-- :id        integer  the number of the row
INSERT INTO task_history (task_id, task_name, queue, status, attempts, token, batch, ended_at)
SELECT id, task_name, queue, :status, attempts, token, batch, :ended_at
FROM tasks
WHERE id = :id AND status = 'FAILED'
