-- Rows by a filter, smallest id first.
--
-- :status    text     WAITING, PROCESSING, FAILED, or NULL for all
-- :name      text     a task name, or NULL for all
-- :queue     text     its name, or NULL for all
-- :batch     text     its name, or NULL for all
-- :lock_key  text     a lock key, or NULL for all
-- :token     text     a token, or NULL for all
-- :before    text     only rows that became FAILED, or else were added, before this moment, or NULL for all
-- :path      text     a path in the payload, or NULL for all
-- :value     text     the value that is there
-- :after     integer  only greater ids, or NULL for all
-- :until     integer  the last id to look at, or NULL for all
-- :limit     integer  the most rows
-- Returns id, task_name, queue, status; texts as bytes.
SELECT id, CAST(task_name AS BLOB) AS task_name, CAST(queue AS BLOB) AS queue, CAST(status AS BLOB) AS status
FROM tasks
WHERE
    -- same: selected_rows
    (:status IS NULL OR status = :status) AND (:name IS NULL OR task_name = :name)
        AND (:queue IS NULL OR queue = :queue) AND (:batch IS NULL OR batch = :batch)
        AND (:lock_key IS NULL OR lock_key = :lock_key) AND (:token IS NULL OR token = :token)
        AND (:before IS NULL OR julianday(coalesce(failed_at, created_at)) < julianday(:before))
        AND (
            :path IS NULL
            OR CASE json_type(data, :path)
                WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null'
                ELSE CAST(json_extract(data, :path) AS TEXT)
            END = :value
        )
    -- end
    -- Not :after IS NULL OR …: SQLite would read the rows before them, too.
    AND id >= coalesce(:after + 1, -9223372036854775808)
    AND id <= coalesce(:until, 9223372036854775807)
ORDER BY id
LIMIT :limit
