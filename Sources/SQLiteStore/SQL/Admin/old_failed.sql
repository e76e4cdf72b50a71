-- FAILED rows that are kept no longer, found by stepping from name to name.
--
-- A row that does not say when it failed counts as failed when the tables got the version that notes it.
--
-- :rest   real     before which moment (a Julian day) rows have failed that are kept no longer
-- :since  JSON     the same for names with a time of their own, by name
-- :limit  integer  the most rows
-- Returns id, task_name, queue, status; texts as bytes.
WITH RECURSIVE name (task_name) AS (
    SELECT min(task_name) FROM tasks INDEXED BY tasks_failed WHERE status = 'FAILED'
    UNION ALL
    SELECT (
        SELECT min(next.task_name)
        FROM tasks AS next INDEXED BY tasks_failed
        WHERE next.status = 'FAILED' AND next.task_name > name.task_name
    )
    FROM name
    WHERE name.task_name IS NOT NULL
), kept AS (
    SELECT name.task_name, CASE WHEN own.key IS NULL THEN :rest ELSE own.value END AS since
    FROM name LEFT JOIN json_each(:since) AS own ON own.key = name.task_name
    WHERE name.task_name IS NOT NULL
)
SELECT tasks.id, CAST(tasks.task_name AS BLOB) AS task_name, CAST(tasks.queue AS BLOB) AS queue,
    CAST(tasks.status AS BLOB) AS status
FROM kept CROSS JOIN tasks INDEXED BY tasks_failed
WHERE tasks.status = 'FAILED' AND tasks.task_name = kept.task_name AND julianday(tasks.failed_at) < kept.since
UNION ALL
SELECT tasks.id, CAST(tasks.task_name AS BLOB), CAST(tasks.queue AS BLOB), CAST(tasks.status AS BLOB)
FROM kept CROSS JOIN tasks INDEXED BY tasks_failed
WHERE tasks.status = 'FAILED' AND tasks.task_name = kept.task_name AND julianday(tasks.failed_at) IS NULL
    AND (SELECT julianday(applied_at) FROM task_migrations WHERE version = 11) < kept.since
LIMIT :limit
