-- The least version that a program must know to start tasks, if this one does not know it.
--
-- $1 version  int4  the newest schema version that the program knows
-- Returns least_version.
SELECT max(least_version) AS least_version FROM ONLY task_migrations HAVING max(least_version) > $1::integer
