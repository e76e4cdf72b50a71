-- Keeps the result of a row that gives way to a newer equal one.
--
-- :now      text     the current moment
-- :expires  text     until when the result is kept
-- :id       integer  the number of the row
INSERT OR REPLACE INTO task_results (
    -- same: result_columns
    token, task_id, task_name, state, result, result_bytes, result_size, error, progress_done, progress_total,
    progress_note, data_hash, created_at, started_at, finished_at, expires_at
    -- end
)
SELECT token, id, task_name, 'CANCELLED', NULL, NULL, 0, 'gave way to a newer equal task', progress_done,
    progress_total, progress_note, NULL, created_at, NULL, :now, :expires
FROM tasks
WHERE id = :id AND token IS NOT NULL
