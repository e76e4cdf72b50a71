-- The versions that the tables were brought to.
--
-- Returns version, checksum.
SELECT version, checksum
FROM task_migrations
ORDER BY version
