-- Locks the next FAILED rows.
--
-- $1 last   int8  the last id that was looked at
-- $2 name   text  a task name, or NULL for all
-- $3 limit  int4  the most rows
-- Returns id, is_keyed.
SELECT id, dedupe_key IS NOT NULL AS is_keyed
FROM ONLY tasks
WHERE status = 'FAILED' AND id > $1::bigint AND ($2::text IS NULL OR task_name = $2::text)
ORDER BY id
LIMIT $3::integer
FOR NO KEY UPDATE
