-- One row, by its number.
--
-- :id  integer  the number of the row
-- Returns id, task_name, created_at, data, status, queue, priority, run_at, attempts, max_attempts, timeout_seconds,
-- lease_owner, lease_expires_at, claim_no, crashes, last_error, dedupe_key, lock_key, lock_place, expires_at, token,
-- progress_done, progress_total, progress_note, cancel_requested_at, batch, after_batch, postponed, failed_at;
-- texts as bytes, moments as Julian days.
SELECT task_rows.*, CAST(tasks.data AS BLOB) AS data
FROM tasks JOIN task_rows ON task_rows.id = tasks.id
WHERE tasks.id = :id
