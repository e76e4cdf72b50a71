-- The next FAILED rows after a number.
--
-- :last   integer  the number
-- :name   text     only those of this task name, or NULL
-- :limit  integer  the most rows
-- Returns id.
SELECT id
FROM tasks
WHERE status = 'FAILED' AND id > :last AND (:name IS NULL OR task_name = :name)
ORDER BY id
LIMIT :limit
