-- Held rows whose lease is over, or whose run is gone.
--
-- What is in any run's hand is little, so the whole partial index is read.
--
-- :dead       JSON  the runs that are gone
-- :now        text  the moment to go by
-- :lease_ago  text  one lease before now: for rows without an end of their lease
-- Returns id, task_name, crashes, lease_owner, lease_expires_at (Julian day), is_dead (NULL without an owner),
-- lock_key, is_cancel_requested, batch; texts as bytes.
SELECT id, CAST(task_name AS BLOB) AS task_name, crashes, CAST(lease_owner AS BLOB) AS lease_owner,
    julianday(lease_expires_at) AS lease_expires_at,
    lease_owner IN (SELECT value FROM json_each(:dead)) AS is_dead, CAST(lock_key AS BLOB) AS lock_key,
    cancel_requested_at IS NOT NULL AS is_cancel_requested, CAST(batch AS BLOB) AS batch
FROM tasks INDEXED BY tasks_lease
WHERE status = 'PROCESSING'
    AND NOT EXISTS (
        SELECT 1 FROM task_stuck AS stuck WHERE stuck.task_id = tasks.id AND stuck.claim_no = tasks.claim_no
    )
    AND (
        julianday(lease_expires_at) <= julianday(:now)
        OR lease_owner IN (SELECT value FROM json_each(:dead))
        OR (julianday(lease_expires_at) IS NULL AND coalesce(julianday(created_at), 0) <= julianday(:lease_ago))
    )
LIMIT 1000
