-- Makes the temporary table in which a bulk add gathers its tasks.
CREATE TEMPORARY TABLE task_lines (
    line INTEGER PRIMARY KEY,
    -- same: task_columns
    task_name, data, queue, priority, run_at, max_attempts, timeout_seconds, dedupe_key, lock_key, expires_at, token,
    batch, after_batch
    -- end
)
