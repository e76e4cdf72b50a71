-- The rows that a run has claimed.
--
-- :owner  text  the run
-- Returns id, claim_no, lock_key, batch; texts as bytes.
SELECT id, claim_no, CAST(lock_key AS BLOB) AS lock_key, CAST(batch AS BLOB) AS batch
FROM tasks INDEXED BY tasks_lease
WHERE status = 'PROCESSING' AND lease_owner = :owner
