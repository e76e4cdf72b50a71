-- The least version that a program must know to begin tasks, if this one does not.
--
-- Returns least_version.
SELECT max(least_version) AS least_version FROM ONLY task_migrations HAVING max(least_version) > 9
