-- Some of the tasks that runs hold now, the ones whose leases end first: who uses a limit, and what fills the handler
-- slots of a host.
--
-- $1 limit  int8  the most rows
-- Returns id, task_name, queue, lease_owner, lease_expires_at.
SELECT id, task_name, queue, lease_owner, lease_expires_at
FROM ONLY tasks
WHERE status = 'PROCESSING'
ORDER BY tasks.lease_expires_at
LIMIT $1::bigint
