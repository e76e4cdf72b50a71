-- Foreign keys of other tables that keep a row of tasks from being deleted.
--
-- Returns table_name, column_name.
SELECT tables.name AS table_name, keys."from" AS column_name
FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS keys
WHERE tables.type = 'table' AND lower(keys."table") = 'tasks' AND keys.on_delete IN ('NO ACTION', 'RESTRICT')
ORDER BY tables.name, keys."from"
