-- Which of the tables tasks and task_migrations are there, and whether one is a view.
--
-- Returns name, type.
SELECT name, type
FROM sqlite_schema
WHERE name IN ('tasks', 'task_migrations') AND type IN ('table', 'view')
