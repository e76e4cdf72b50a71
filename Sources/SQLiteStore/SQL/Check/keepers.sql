-- Foreign keys of other tables to tasks.
--
-- Returns table_name, column_name, is_keeping (whether they keep a row from being deleted), is_slow (whether no index
-- helps to find the rows).
SELECT tables.name AS table_name, keys."from" AS column_name,
    keys.on_delete IN ('NO ACTION', 'RESTRICT')
        OR keys.on_delete = 'SET NULL' AND EXISTS (
            SELECT 1
            FROM pragma_table_info(tables.name) AS columns
            WHERE columns.name = keys."from" AND columns."notnull" = 1
        ) AS is_keeping,
    NOT EXISTS (
        SELECT 1
        FROM pragma_index_list(tables.name) AS indexes, pragma_index_info(indexes.name) AS parts
        WHERE parts.seqno = 0 AND parts.name = keys."from"
    ) AND NOT EXISTS (
        SELECT 1 FROM pragma_table_info(tables.name) AS columns WHERE columns.name = keys."from" AND columns.pk = 1
    ) AS is_slow
FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS keys
WHERE tables.type = 'table' AND lower(keys."table") = 'tasks'
ORDER BY tables.name, keys."from"
