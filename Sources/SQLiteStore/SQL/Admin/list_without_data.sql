-- Rows, by number, without what they carry: to read much of it takes long.
--
-- :after   integer  the number behind which it begins
-- :status  text     only rows of this state, or NULL
-- :name    text     only rows of this task name, or NULL
-- :queue   text     only rows of this queue, or NULL
-- :limit   integer  the most rows
-- Returns the same columns as list; data is NULL.
SELECT
    -- same: row_start
    id, CAST(task_name AS BLOB) AS task_name, julianday(created_at) AS created_at,
    -- end
    NULL AS data,
    -- same: row_columns
    CAST(status AS BLOB) AS status, CAST(queue AS BLOB) AS queue, priority, julianday(run_at) AS run_at, attempts,
    max_attempts, timeout_seconds, CAST(lease_owner AS BLOB) AS lease_owner,
    julianday(lease_expires_at) AS lease_expires_at, claim_no, crashes, CAST(last_error AS BLOB) AS last_error,
    CAST(dedupe_key AS BLOB) AS dedupe_key, CAST(lock_key AS BLOB) AS lock_key, lock_place,
    julianday(expires_at) AS expires_at, CAST(token AS BLOB) AS token, progress_done, progress_total,
    CAST(progress_note AS BLOB) AS progress_note, julianday(cancel_requested_at) AS cancel_requested_at,
    CAST(batch AS BLOB) AS batch, CAST(after_batch AS BLOB) AS after_batch, postponed
    -- end
FROM tasks
-- same: row_filter
WHERE id > :after AND (:status IS NULL OR status = :status) AND (:name IS NULL OR task_name = :name)
    AND (:queue IS NULL OR queue = :queue)
ORDER BY id
LIMIT :limit
-- end
