-- The statements that created taskrun's tables.
--
-- Returns name, sql.
SELECT tables.name, tables.sql
FROM sqlite_schema AS tables
WHERE tables.type = 'table'
    AND (
        -- same: taskrun_tables
        tables.name = 'tasks' OR tables.name LIKE 'task\_%' ESCAPE '\'
        -- end
    )
