-- Lets the next statements of the transaction hardly wait for a lock, and its commit not for the disk.
--
-- Rows about runs are for people: what a power failure undoes of them is no loss.
--
-- Returns lock_timeout, synchronous_commit.
SELECT pg_catalog.set_config('lock_timeout', '100ms', true) AS lock_timeout,
    pg_catalog.set_config('synchronous_commit', 'off', true) AS synchronous_commit
