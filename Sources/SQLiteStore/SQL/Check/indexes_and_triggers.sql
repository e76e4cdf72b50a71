-- The indexes and triggers of taskrun's tables, and the views on tasks.
--
-- Returns type, name, table_name, sql.
SELECT type, name, iif(type = 'view', 'tasks', tbl_name) AS table_name, sql
FROM sqlite_schema
WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
    AND (tbl_name = 'tasks' OR tbl_name LIKE 'task\_%' ESCAPE '\')
    OR type = 'view' AND (name LIKE 'task\_%' ESCAPE '\' OR name LIKE 'tasks\_%' ESCAPE '\')
