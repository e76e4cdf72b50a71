-- The version that a program must know to begin tasks.
--
-- A few rows; asked behind the write lock, which a migration has as well.
--
-- Returns version, or NULL.
SELECT max(least_version) AS version
FROM task_migrations
