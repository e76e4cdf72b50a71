-- Some of the tasks that runs hold now, the ones whose leases end first: who uses a limit, and what fills the handler
-- slots of a host.
--
-- :limit  integer  the most rows
-- Returns id, task_name, queue, lease_owner, lease_expires_at; texts as bytes, moments as Julian days.
SELECT id, CAST(task_name AS BLOB) AS task_name, CAST(queue AS BLOB) AS queue,
    CAST(lease_owner AS BLOB) AS lease_owner, julianday(lease_expires_at) AS lease_expires_at
FROM tasks INDEXED BY tasks_lease
WHERE status = 'PROCESSING'
ORDER BY julianday(tasks.lease_expires_at)
LIMIT :limit
