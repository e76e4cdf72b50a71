-- The versions that were applied to the tables.
--
-- Returns version, checksum.
SELECT version, checksum
FROM task_migrations
ORDER BY version
