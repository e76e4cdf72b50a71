-- The parts of the tables in the first schema, a line each, without the schema's name: columns, constraints, indexes,
-- and the functions that name rows.
--
-- $1 tables  text[]  taskrun's tables
-- Returns place, table_name, text.
WITH own AS (
    -- same: own_tables
    SELECT oid, relname
    FROM pg_catalog.pg_class
    WHERE relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()::text))::oid
        AND relkind IN ('r', 'p')
        AND (relname::text = 'tasks' OR relname::text = ANY ($1::text[]))
    -- end
), parts (place, table_name, text) AS (
    SELECT relname::text || '.' || attname::text, relname, pg_catalog.concat_ws(' '::text,
        'column', relname::text || '.' || attname::text, pg_catalog.format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN 'NOT NULL' END,
        'DEFAULT ' || pg_catalog.pg_get_expr(adbin, adrelid), CASE WHEN attidentity <> '' THEN 'IDENTITY' END
    )
    FROM own JOIN pg_catalog.pg_attribute ON attrelid = own.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT conname, relname, pg_catalog.concat_ws(' '::text, 'constraint', conname, 'of', relname,
        pg_catalog.pg_get_constraintdef(pg_constraint.oid))
    FROM own JOIN pg_catalog.pg_constraint ON conrelid = own.oid AND contype IN ('c', 'p', 'u', 'x')
    UNION ALL
    SELECT index.relname, own.relname,
        pg_catalog.concat_ws(' '::text, pg_catalog.pg_get_indexdef(indexrelid), CASE
        WHEN NOT indisvalid THEN 'INVALID' END)
    FROM own JOIN pg_catalog.pg_index ON indrelid = own.oid
        JOIN pg_catalog.pg_class AS index ON index.oid = indexrelid
    UNION ALL
    SELECT proname, relname, pg_catalog.concat_ws(' '::text, 'function', proname, prosrc)
    FROM own JOIN pg_catalog.pg_proc ON pronamespace
        = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()::text))::oid
    WHERE relname::text = 'tasks' AND proname::text LIKE 'task\_%'
)
SELECT place, table_name,
    pg_catalog.replace(pg_catalog.replace(text, pg_catalog.quote_ident(pg_catalog.current_schema()::text) || '.', ''),
    'pg_temp.', '') AS text
FROM parts
ORDER BY 1, 2
