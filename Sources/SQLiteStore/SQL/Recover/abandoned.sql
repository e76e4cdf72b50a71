-- PROCESSING rows whose lease has ended or whose run is dead.
--
-- PROCESSING rows are few, so it reads the whole partial index.
--
-- :dead       JSON  the dead runs
-- :now        text  the current moment
-- :lease_ago  text  one lease length ago, for rows without a lease end
-- Returns id, claim_no, task_name, attempts, crashes, lease_owner, lease_expires_at (Julian day), is_owner_dead (NULL without an
-- owner), lock_key, is_cancelled, batch; texts as bytes.
SELECT id, claim_no, CAST(task_name AS BLOB) AS task_name, attempts, crashes, CAST(lease_owner AS BLOB) AS lease_owner,
    julianday(lease_expires_at) AS lease_expires_at,
    lease_owner IN (SELECT value FROM json_each(:dead)) AS is_owner_dead, CAST(lock_key AS BLOB) AS lock_key,
    cancel_requested_at IS NOT NULL AS is_cancelled, CAST(batch AS BLOB) AS batch
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
