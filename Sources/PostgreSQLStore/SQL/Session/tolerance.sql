-- Waits for locks as long as a statement may take: for tasks to be added, as an equal one may be in an open
-- transaction.
--
-- Returns set_config.
SELECT pg_catalog.set_config('lock_timeout', '0', true)
