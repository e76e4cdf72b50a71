-- Names for the rows that several statements ask for. SQLite looks through such a view, so that the indexes serve as if
-- the conditions stood in the statement.

DROP VIEW IF EXISTS tasks_plain;
DROP VIEW IF EXISTS tasks_keyed;
DROP VIEW IF EXISTS tasks_after_crash;
DROP VIEW IF EXISTS task_rows;

-- The rows that a claim takes from their lanes once they are due: those of the index tasks_due.
CREATE VIEW tasks_plain AS
SELECT * FROM tasks WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND after_batch IS NULL;

-- The rows that a claim looks at for their lock keys once they are due: those of the index tasks_lock_open.
CREATE VIEW tasks_keyed AS
SELECT * FROM tasks INDEXED BY tasks_lock_open
WHERE status = 'WAITING' AND crashes = 0 AND lock_key IS NOT NULL AND lock_place <> 1;

-- The rows that a claim treats with care once they are due, because their runs died.
CREATE VIEW tasks_after_crash AS
SELECT * FROM tasks INDEXED BY tasks_crashed WHERE status = 'WAITING' AND crashes > 0 AND after_batch IS NULL;

-- Tasks as `show` and `list` read them, without their payloads: reading large payloads takes long. Texts are bytes, as
-- SQLite does not check that they are UTF-8; moments are Julian days.
CREATE VIEW task_rows AS
SELECT id, CAST(task_name AS BLOB) AS task_name, julianday(created_at) AS created_at,
    CAST(status AS BLOB) AS status, CAST(queue AS BLOB) AS queue, priority, julianday(run_at) AS run_at, attempts,
    max_attempts, timeout_seconds, CAST(lease_owner AS BLOB) AS lease_owner,
    julianday(lease_expires_at) AS lease_expires_at, claim_no, crashes, CAST(last_error AS BLOB) AS last_error,
    CAST(dedupe_key AS BLOB) AS dedupe_key, CAST(lock_key AS BLOB) AS lock_key, lock_place,
    julianday(expires_at) AS expires_at, CAST(token AS BLOB) AS token, progress_done, progress_total,
    CAST(progress_note AS BLOB) AS progress_note, julianday(cancel_requested_at) AS cancel_requested_at,
    CAST(batch AS BLOB) AS batch, CAST(after_batch AS BLOB) AS after_batch, postponed,
    julianday(failed_at) AS failed_at
FROM tasks;
