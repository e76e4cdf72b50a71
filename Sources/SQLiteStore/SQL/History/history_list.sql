-- Lines of the history, the newest first; a condition that is NULL holds for all.
--
-- :before  integer  the number of the line before which they stand
-- :name    text     the task name
-- :queue   text     the queue
-- :status  text     how the tasks ended
-- :since   text     the earliest end
-- :limit   integer  the most lines
-- Returns no, task_id, task_name, queue, status, attempts, waited_us, ran_us (microseconds), host, exit_code, signal,
-- peak_memory, token, batch, ended_at (Julian day); texts as bytes.
SELECT
    -- same: history_columns
    no, task_id, CAST(task_name AS BLOB) AS task_name, CAST(queue AS BLOB) AS queue, CAST(status AS BLOB) AS status,
    attempts, CAST(round(waited * 1000000) AS INTEGER) AS waited_us, CAST(round(ran * 1000000) AS INTEGER) AS ran_us,
    CAST(host AS BLOB) AS host, exit_code, signal, peak_memory, CAST(token AS BLOB) AS token,
    CAST(batch AS BLOB) AS batch, julianday(ended_at) AS ended_at
    -- end
FROM task_history
WHERE (:before IS NULL OR no < :before)
    AND (:name IS NULL OR task_name = :name)
    AND (:queue IS NULL OR queue = :queue)
    AND (:status IS NULL OR status = :status)
    AND (:since IS NULL OR task_history.ended_at >= :since)
ORDER BY no DESC
LIMIT :limit
