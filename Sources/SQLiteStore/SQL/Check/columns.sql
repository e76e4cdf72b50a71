-- The columns of taskrun's tables.
--
-- Returns table_name, column_name, type, is_needed, standard (or NULL), key_place.
SELECT tables.name AS table_name, columns.name AS column_name, columns.type, columns."notnull" AS is_needed,
    columns.dflt_value AS standard, columns.pk AS key_place
FROM sqlite_schema AS tables, pragma_table_xinfo(tables.name) AS columns
WHERE tables.type = 'table'
    AND (
        -- same: taskrun_tables
        tables.name = 'tasks' OR tables.name LIKE 'task\_%' ESCAPE '\'
        -- end
    )
