-- The oldest version that a program must know to claim tasks.
--
-- The table has a few rows. Claims read it under the write lock, which a migration needs too.
--
-- Returns version, or NULL.
SELECT max(least_version) AS version
FROM task_migrations
