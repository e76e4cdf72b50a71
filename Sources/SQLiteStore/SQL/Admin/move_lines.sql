-- Moves gathered tasks into the table, but for those whose equals wait.
--
-- coalesce repeats the columns' defaults, as in add.
--
-- :first  integer  the first line
-- :last   integer  the last line
-- Returns id, task_name (bytes), is_plain (without a dedupe_key).
INSERT INTO main.tasks (
    -- same: task_columns
    task_name, data, queue, priority, run_at, max_attempts, timeout_seconds, dedupe_key, lock_key, expires_at, token,
    batch, after_batch
    -- end
)
SELECT task_name, data, coalesce(queue, 'default'), coalesce(priority, 0),
    coalesce(run_at, strftime('%Y-%m-%d %H:%M:%f', 'now')), max_attempts, timeout_seconds,
    dedupe_key, lock_key, expires_at, token, batch, after_batch
FROM temp.task_lines
WHERE line BETWEEN :first AND :last
ORDER BY line
-- same: one_waits
ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL DO NOTHING
-- end
RETURNING id, CAST(task_name AS BLOB) AS task_name, dedupe_key IS NULL AS is_plain
